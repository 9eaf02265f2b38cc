"""Human3.6M (Ionescu et al., TPAMI 2014) from the copy a user is licensed to hold."""

from training.datasets.human36m.loading import KeypointSource, load_human36m
from training.datasets.human36m.sequence import Sequence

__all__ = ["KeypointSource", "Sequence", "load_human36m"]
