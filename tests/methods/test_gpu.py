"""Every method says on a GPU what it says on a CPU."""

import pytest

from lh_eval import evaluate, load_checkpoint

GRID = {"lengths": [1024, 4096], "depths": [0, 50, 100], "trials": 2}


@pytest.mark.gpu
@pytest.mark.parametrize("reading", ["prompt", "context"])
@pytest.mark.parametrize("task", ["passkey", "kv:questions=2"])
@pytest.mark.parametrize(
    "setting",
    ["dense", "window:tokens=512", "block:size=64,top=8", "lighthouse:k=256", "lighthouse:k=256,scorer=pooled-qk"],
)
def test_rows_are_those_of_a_cpu(setting, task, reading):
    here, there = (
        evaluate(load_checkpoint(device=device, dtype="float32"), task=task, setting=setting, reading=reading, **GRID)
        for device in ("cuda", "cpu")
    )
    assert here["error"].isna().all(), here["error"].dropna().iloc[0]
    assert (here["prediction"] == there["prediction"]).mean() >= 0.9
    assert (here["first_token_logprob"] - there["first_token_logprob"]).abs().median() < 0.01
    if setting != "dense":
        assert (here["selection_recall"] - there["selection_recall"]).abs().mean() < 0.02
