"""The keyed task's records in filler, each asked for by its key."""

import numpy as np

from lh_eval.tasks.keyed import KEY_LENGTH, NEEDLE, QUESTION
from lh_eval.training.families.haystack import Piece, haystack, question
from lh_eval.training.families.sequence import ALPHABET, Sequence


def sequence(rng: np.random.Generator, length: int, _corpus: np.ndarray) -> Sequence:
    """Several records and questions; keys after their first letter and answers are in the loss."""
    max_records = max(1, length // 64)
    count = int(np.exp(rng.uniform(0, np.log(max_records + 1))))  # few records as often as many
    codes = rng.choice(26**KEY_LENGTH, size=count, replace=False)
    letters = ALPHABET[codes[:, None] // 26 ** np.arange(KEY_LENGTH) % 26]
    keys = [bytes(row).decode() for row in letters]
    digits = [str(digit) for digit in rng.integers(10, size=count)]
    records = [Piece(NEEDLE.format(key=key, answer=digit)) for key, digit in zip(keys, digits, strict=True)]
    questions = [question(QUESTION.format(key=key), digit, key) for key, digit in zip(keys, digits, strict=True)]
    return haystack(rng, length, records, questions)
