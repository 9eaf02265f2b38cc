"""From a Motion to an armature of its own, the camera that filmed it, and the clip behind it."""
