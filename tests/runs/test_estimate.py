from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.runs.estimate import estimate
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting


def test_each_setting_is_timed_on_a_sample_of_each_length():
    grid = Grid(task="passkey", lengths=(512, 256), depths=(0.0, 50.0, 100.0), trials=4)
    settings = [Setting(), Setting(Lighthouse(k=64, dense_layers=(0, -1)))]
    dense, lighthouse = estimate(load_checkpoint(device="cpu"), grid, settings)
    assert (dense.name, lighthouse.name) == ("dense", "norm-k64")
    assert [row.length for row in dense.rows] == [256, 512]
    assert lighthouse.rows[0].selection_recall is not None
    assert dense.seconds == 12 * sum(row.seconds for row in dense.rows) > 0
