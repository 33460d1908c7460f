"""Real text."""

import numpy as np

from lh_eval.training.families.sequence import Sequence


def sequence(rng: np.random.Generator, length: int, corpus: np.ndarray) -> Sequence:
    """A stretch of the corpus; every byte but the first is in the loss."""
    start = int(rng.integers(len(corpus) - length))
    return Sequence(corpus[start : start + length], np.arange(length) > 0)
