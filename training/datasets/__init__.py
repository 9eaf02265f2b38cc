"""Readers of motion capture and of Human3.6M."""
