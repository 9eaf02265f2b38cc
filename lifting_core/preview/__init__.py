"""A video that shows what was made of a clip, to judge it at a glance."""
