import json
from pathlib import Path

from lh_eval.cli.app import main

OUTPUTS = Path(__file__).parents[2] / "outputs"


def test_committed_runs_keep_their_scores(capsys):
    assert main(["rescore", str(OUTPUTS / "passkey-sweep"), str(OUTPUTS / "default" / "dense")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert all(": 0 of " in line for line in lines)


def test_a_sweep_is_written_as_folders_of_a_new_one(capsys, tmp_path):
    out = tmp_path / "again"
    assert main(["rescore", str(OUTPUTS / "default"), "--scoring", "normalised", "--out", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"written: {out}"
    assert sorted(path.name for path in out.iterdir()) == ["dense", "norm-k2048", "sweep.json"]
    line = (out / "dense" / "samples.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["scoring"] == "normalised"
    assert main(["rescore", str(OUTPUTS / "default"), "--out", str(out)]) == 2
    assert "out must be a new or empty folder" in capsys.readouterr().err
