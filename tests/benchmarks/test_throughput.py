"""The script from its command line to its table, on a tiny model; and which samples it takes."""

import contextlib
import csv
import io
import math
from types import SimpleNamespace

import pytest
import throughput
from asking import tiny_llama
from throughput_sides import OURS, RIVAL
from throughput_table import SCORED

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer


@pytest.mark.parametrize(
    ("task", "samples", "trials"), [("niah_single_2", 28, 4), ("niah_single_2", 29, 5), ("kv:questions=8", 28, 8)]
)
def test_whole_contexts_and_as_many_samples_at_each_depth(task, samples, trials):
    work = throughput.plan(task, 4096, [0, 15, 30, 50, 70, 85, 100], samples)
    assert work.trials == trials
    assert len(work.depths) * trials >= samples


def run_here(command, **_):
    """Scoring has a process of its own, whose start takes longer than this test."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        throughput.main(command[2:])
    return SimpleNamespace(stdout=out.getvalue())


def test_both_sides_are_measured_compared_and_printed(tmp_path, monkeypatch, capsys):
    folder, out = tmp_path / "model", tmp_path / "bench" / "throughput.csv"
    tiny_llama().save_pretrained(folder)
    byte_tokenizer().save_pretrained(folder)
    line = [f"--model={folder}", "--device=cpu", "--lengths=700", "--depths=0,100", f"--out={out}"]
    monkeypatch.setattr("sys.argv", [throughput.__file__, *line])
    monkeypatch.setattr(throughput, "subprocess", SimpleNamespace(run=run_here, PIPE=None))
    throughput.main([*line, "--tasks=niah_single_2,kv:questions=2", "--samples=2", "--batches=1,2"])
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
    throughput.main(["--table", f"--out={out}"])
    printed = capsys.readouterr().out
    assert printed.count("| niah_single_2 | 700 |") == printed.count("| kv:questions=2 | 700 |") == 1
    assert printed.count("| passkey | 700 |") == (rows[-1]["peak_bytes"] != "")
