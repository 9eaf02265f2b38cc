"""From a Motion to an animated armature and the camera that filmed it."""
