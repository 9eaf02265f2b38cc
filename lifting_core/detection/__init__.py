"""Detectors: from a frame to the 2D keypoints of the people in it."""
