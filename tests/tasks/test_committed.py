"""Committed rows hold the hashes of their prompts: the tasks that made them make the same ones today."""

import json
from pathlib import Path

import pytest

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.tasks.base import task_as_of

OUTPUTS = Path(__file__).parents[2] / "outputs"
RUNS = sorted(path.parent.name for path in OUTPUTS.glob("*/dense"))


@pytest.mark.parametrize("run", RUNS)
def test_prompts_stay_the_same(run):
    lines = (OUTPUTS / run / "dense" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["task"].partition(":")[0] in ("passkey", "keyed")]
    tokenizer = byte_tokenizer()
    for row in rows[::7]:
        sample = task_as_of(row["task"], 1).sample(
            tokenizer, length=row["length"], depth=row["depth"], trial=row["trial"], seed=row["seed"]
        )
        assert sample.prompt_sha256 == row["prompt_sha256"]
        assert sample.answer == row["answer"]
        assert sample.depth == row["true_depth"]
