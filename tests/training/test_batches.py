"""Training batches: by seed and step alone, those of the shipped configs as they were when these were trained."""

import numpy as np
import pytest
from digests import digest
from tiny_training import TINY

from lh_eval.training.batches import Batches
from lh_eval.training.recipe.config import TrainingConfig

# by config and step: of the whole step's batch, and of the second of two processes
DRAWN = {
    ("lh-passkey", 0): ("3235c38d256e5887", "1ac9ad186daa89ea"),
    ("lh-passkey", 1399): ("bd4569a031d89046", "3b7d5f8f028d996c"),
    ("lh-passkey", 1400): ("f1bc8c1cd997a445", "f89cc618aaa3c040"),
    ("lh-passkey", 3999): ("d6ddae6d740b601d", "a0c84529de932b9a"),
    ("lh-passkey", 5599): ("207a934d99fa0d06", "193c43a7f6848dba"),
    ("grid-dense", 0): ("3475884e39903cda", "2dc4bfa4cf8dead6"),
    ("grid-dense", 599): ("10b47de2a6812e8d", "84ee5f46ad015300"),
    ("grid-dense", 1449): ("5d35d2713e463a92", "3ecf66f2d05faaa0"),
    ("paper-530m-norm-k1536", 0): ("238503f8223727c0", "39aaf4db12f5c494"),
    ("paper-530m-norm-k1536", 15999): ("dfa39dd20fceed99", "c39bf70fd69bf056"),
}


@pytest.mark.parametrize(("name", "step"), DRAWN)
def test_shipped_configs_draw_the_batches_that_they_were_trained_on(name, step):
    config = TrainingConfig.find(name)
    drawn = tuple(digest(*batches[step]) for batches in (Batches(config), Batches(config, 1, 2)))
    assert drawn == DRAWN[name, step]


def test_batches_depend_on_seed_and_step_alone_and_are_shared_out_evenly():
    config = TrainingConfig.from_dict(TINY)
    whole = Batches(config)[4]
    assert np.array_equal(whole.ids, Batches(config)[4].ids)
    assert not np.array_equal(whole.ids, Batches(config)[5].ids)
    shares = [Batches(config, rank, 2)[4] for rank in range(2)]
    assert np.array_equal(np.stack([share.ids for share in shares], 1).reshape(whole.ids.shape), whole.ids)
