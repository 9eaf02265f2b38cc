"""Keypoints that other programs found and wrote to files."""
