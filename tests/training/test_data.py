"""Training sequences: by seed and step alone, and every counted answer can be known."""

import numpy as np
import pytest
from tiny_training import TINY

from lh_eval.training.config import TrainingConfig
from lh_eval.training.data import FAMILIES, LEAST_LENGTH, Steps
from lh_eval.training.text import load_text


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("length", [LEAST_LENGTH, 256, 1000, 4096])
def test_families_fill_the_length_and_count_something(family, length):
    for seed in range(5 if length > 256 else 200):
        sequence = FAMILIES[family](np.random.default_rng(seed), length, load_text(None))
        assert sequence.ids.shape == sequence.counted.shape == (length,)
        assert sequence.counted.any()
        assert not sequence.counted[0]


@pytest.mark.parametrize("family", ["passkey", "keyed"])
def test_every_counted_answer_stands_in_a_record_before_it(family):
    for seed in range(20):
        ids, counted = FAMILIES[family](np.random.default_rng(seed), 2048, load_text(None))
        text = bytes(ids).decode()
        digits = [i for i in np.flatnonzero(counted) if text[i].isdigit()]
        assert digits
        for i in digits:
            asked = text[:i].rpartition("? ")[2]  # "The pass key for kqzx is "
            assert text.index(f" {asked}{text[i]}. ") < i
        assert text.endswith(".")


def test_batches_depend_on_seed_and_step_alone_and_are_shared_out_evenly():
    config = TrainingConfig.from_dict(TINY)
    whole = Steps(config)[4]
    assert np.array_equal(whole.ids, Steps(config)[4].ids)
    assert not np.array_equal(whole.ids, Steps(config)[5].ids)
    shares = [Steps(config, rank, 2)[4] for rank in range(2)]
    assert np.array_equal(np.stack([share.ids for share in shares], 1).reshape(whole.ids.shape), whole.ids)
