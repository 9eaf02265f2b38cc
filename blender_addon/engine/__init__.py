"""The engine's processes: where their Python is, how they are started, spoken to and stopped."""
