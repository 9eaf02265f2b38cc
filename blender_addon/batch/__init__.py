"""Many clips at once, from the panel or without a window: the engine's `lift-pose batch` does the work."""
