"""Copying: a random segment, repeated; the seed of induction heads."""

import numpy as np

from lh_eval.training.families.sequence import ALPHABET, Sequence

_SYMBOLS = np.append(ALPHABET, np.uint8(ord(" ")))


def sequence(rng: np.random.Generator, length: int, _corpus: np.ndarray) -> Sequence:
    """A random segment over letters, digits and space, tiled; every repeated byte is in the loss."""
    period = int(np.exp(rng.uniform(np.log(8), np.log(length // 2))))
    segment = _SYMBOLS[rng.integers(len(_SYMBOLS), size=period)]
    ids = np.tile(segment, -(-length // period))[:length]
    return Sequence(ids, np.arange(length) >= period)
