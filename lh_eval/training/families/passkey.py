"""The passkey task's record in filler, asked for several times."""

import numpy as np

from lh_eval.tasks.passkey import NEEDLE, QUESTION
from lh_eval.training.families.haystack import Piece, haystack, question
from lh_eval.training.families.sequence import Sequence


def sequence(rng: np.random.Generator, length: int, _corpus: np.ndarray) -> Sequence:
    """One record and questions about it; the answers are in the loss."""
    digit = str(rng.integers(10))
    return haystack(rng, length, [Piece(NEEDLE.format(answer=digit))], [question(QUESTION, digit)])
