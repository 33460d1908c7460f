"""Data families: every answer in the loss can be known, and a seed draws what it drew for the shipped checkpoints."""

import numpy as np
import pytest
from digests import digest

from lh_eval.training.corpus import load_corpus
from lh_eval.training.families import FAMILIES, MIN_LENGTH

# of 20 sequences each, as they were drawn when the committed checkpoints were trained
DRAWN = {
    ("copy", 128): "accfb0b28c72dc78",
    ("copy", 1000): "8753dbe138d3aefe",
    ("copy", 4096): "ac58d2ee3fa2963c",
    ("passkey", 128): "24845a89077ef7af",
    ("passkey", 1000): "be9da0dd06980b88",
    ("passkey", 4096): "b1830bb42f287c2b",
    ("keyed", 128): "e1384efcc6885758",
    ("keyed", 1000): "9aab1f9fcd5c0c55",
    ("keyed", 4096): "cbd21c08d23d9ab3",
    ("text", 128): "8fdd4606b23ae79f",
    ("text", 1000): "cf04e44a9089fed7",
    ("text", 4096): "8a556050ba6ebd75",
}


@pytest.mark.parametrize(("family", "length"), DRAWN)
def test_a_seed_draws_the_same_sequence_for_ever(family, length):
    drawn = [FAMILIES[family](np.random.default_rng((7, i)), length, load_corpus(None)) for i in range(20)]
    assert digest(*(array for sequence in drawn for array in sequence)) == DRAWN[family, length]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("length", [MIN_LENGTH, 256, 1000, 4096])
def test_families_fill_the_length_and_have_a_loss(family, length):
    for seed in range(5 if length > 256 else 200):
        sequence = FAMILIES[family](np.random.default_rng(seed), length, load_corpus(None))
        assert sequence.ids.shape == sequence.loss_mask.shape == (length,)
        assert sequence.loss_mask.any()
        assert not sequence.loss_mask[0]


@pytest.mark.parametrize("family", ["passkey", "keyed"])
def test_every_answer_in_the_loss_stands_in_a_record_before_it(family):
    for seed in range(20):
        ids, loss_mask = FAMILIES[family](np.random.default_rng(seed), 2048, load_corpus(None))
        text = bytes(ids).decode()
        digits = [i for i in np.flatnonzero(loss_mask) if text[i].isdigit()]
        assert digits
        for i in digits:
            asked = text[:i].rpartition("? ")[2]  # "The pass key for kqzx is "
            assert text.index(f" {asked}{text[i]}. ") < i
        assert text.endswith(".")
