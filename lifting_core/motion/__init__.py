"""From joints in the camera's view to a Motion: trajectory, smoothing, ground, rotations, contacts."""
