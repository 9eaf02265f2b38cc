"""One pose of a Motion on a rig, and pose assets for the Asset Browser."""
