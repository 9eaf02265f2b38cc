"""The engine process: where its Python is, how it is started, spoken to and stopped."""
