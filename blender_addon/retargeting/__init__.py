"""From a Motion to keys on any rig whose bones are known."""
