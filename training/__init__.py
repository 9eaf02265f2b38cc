"""Training and evaluation of the lifting network; uses `lifting_core`, never the other way round."""
