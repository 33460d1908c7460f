"""The study from its command line to its table, on a tiny model; and which samples it takes."""

import csv
import math

import pytest
from asking import tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.studies.throughput.__main__ import plan, throughput
from lh_eval.studies.throughput.sides import OURS, RIVAL, run_scorer
from lh_eval.studies.throughput.table import SCORED

pytestmark = pytest.mark.long


@pytest.mark.parametrize(
    ("task", "samples", "trials"), [("niah_single_2", 28, 4), ("niah_single_2", 29, 5), ("kv:questions=8", 28, 8)]
)
def test_whole_contexts_and_as_many_samples_at_each_depth(task, samples, trials):
    work = plan(task, 4096, [0, 15, 30, 50, 70, 85, 100], samples)
    assert work.trials == trials
    assert len(work.depths) * trials >= samples


def test_both_sides_are_measured_compared_and_printed(tmp_path, monkeypatch, capsys):
    folder, out = tmp_path / "model", tmp_path / "bench" / "throughput.csv"
    tiny_llama().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    # scoring has a process of its own, whose start takes longer than this test
    monkeypatch.setattr("lh_eval.studies.throughput.__main__._alone", run_scorer)
    grid = {"lengths": "700", "depths": "0,100", "tasks": "niah_single_2,kv:questions=2", "samples": 2}
    throughput(model=str(folder), device="cpu", batches="1,2", out=out, **grid)
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["task"], row["provider"], row["batch"], row["samples"]) for row in rows] == [
        ("niah_single_2", OURS, rows[0]["batch"], "2"),
        ("niah_single_2", RIVAL, "1", "2"),
        ("niah_single_2", RIVAL, "2", "2"),
        ("kv:questions=2", OURS, rows[0]["batch"], "4"),
        ("kv:questions=2", RIVAL, "1", "2"),
        ("kv:questions=2", RIVAL, "2", "4"),
        ("passkey", f"{OURS} {SCORED}", "1", "2"),
        ("passkey", f"{RIVAL} {SCORED}", "1", "2"),
    ]
    for row in rows:
        rate = int(row["samples"]) / (float(row["build_s"]) + float(row["model_s"]))
        assert math.isclose(float(row["samples_per_s"]), rate, rel_tol=0.01)
        if row["provider"] == RIVAL:
            assert row["compared"] == row["same_score"] == row["same_text"] == row["samples"]
        if row["provider"] == OURS:
            assert row["same_prompt"] == row["samples"]  # a token a byte
    assert rows[-1]["same_score"] == rows[-1]["compared"] == "2"

    capsys.readouterr()
    throughput(out=out, show=True)
    printed = capsys.readouterr().out
    assert printed.count("| niah_single_2 | 700 |") == printed.count("| kv:questions=2 | 700 |") == 1
    assert printed.count("| passkey | 700 |") == (rows[-1]["peak_bytes"] != "")
