import json

from lh_eval.cli.app import main


def test_runs_are_listed_with_what_is_done(make_run, tmp_path, capsys):
    make_run("all/a/dense", model={"name": "m"}, trials=4)
    make_run("all/b", attention={"k": 8, "scorer": "norm"}, score=lambda length, depth, trial: trial)
    (tmp_path / "all/b/samples.jsonl").write_text("torn")
    make_run("all/c", task="keyed")
    (tmp_path / "all/c/config.json").write_text("{")
    assert main(["runs", str(tmp_path / "all")]) == 0
    out, err = capsys.readouterr()
    header, first, second = out.splitlines()
    assert header.split()[:4] == ["folder", "task", "model", "setting"]
    assert first.split()[1:8] == ["passkey", "m", "dense", "8", "of", "16", "1.00"]
    assert second.split()[1:7] == ["passkey", "–", "norm", "k=8", "0", "of"]
    assert "all/c/config.json" in err
    assert main(["runs", str(tmp_path / "all/a"), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["model"], row["done"], row["planned"], row["rate"]) == ("m", 8, 16, 1.0)


def test_a_table_passes_over_what_is_no_run(make_run, tmp_path, capsys):
    run = make_run("runs/a")
    (tmp_path / "runs/t").mkdir()
    (tmp_path / "runs/t/train.json").write_text("{}")
    assert main(["table", str(run), str(tmp_path / "runs/t")]) == 0
    assert f"passed over {tmp_path / 'runs/t'}, a training" in capsys.readouterr().err
    assert main(["table", str(tmp_path / "runs/t")]) == 2
    assert main(["table", str(run), str(tmp_path / "runs/none")]) == 2
