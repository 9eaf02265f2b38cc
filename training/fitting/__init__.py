"""From a recipe and batches to fitted weights: the loop, its checkpoints and its processes."""
