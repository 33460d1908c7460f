"""`Sequence`: what a data family makes, and the characters that the synthetic ones are made of."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz0123456789", dtype=np.uint8)


class Sequence(NamedTuple):
    """One training sequence.

    ids: [N] uint8 bytes.
    loss_mask: [N] bool, bytes whose prediction the loss counts; never the first.
    """

    ids: np.ndarray
    loss_mask: np.ndarray


Family = Callable[[np.random.Generator, int, np.ndarray], Sequence]  # of generator, length and the corpus' bytes
