"""The stacked hourglass, the detector of the paper: its network, its weights, and how its output is read."""
