"""`lh-eval curves` end to end, on training folders made here."""

import pytest
from training_runs import jumping, write_training

from lh_eval.cli.app import main

PARTS = [("lighthouse", 256, 200), ("dense", 256, 200)]


@pytest.fixture
def trainings(tmp_path):
    for seed in (0, 1):
        write_training(tmp_path / "all" / f"norm-s{seed}", PARTS, loss=jumping(200), seed=seed)
    write_training(tmp_path / "all" / "dense-s0", [("dense", 256, 400)], loss=jumping(1000))
    return tmp_path / "all"


def test_figure_caption_and_table(trainings, tmp_path, capsys):
    assert main(["curves", str(trainings), "--out", str(tmp_path / "paper" / "fig.1.pdf")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:4] == ["recipe", "stage", "length", "seeds"]
    assert [line.split()[0] for line in lines[1:4]] == ["dense", "norm", "norm"]
    assert lines[3].split()[4:8] == ["2", "0.2M", "200", "1001"]
    files = [tmp_path / "paper" / f"fig.1.{kind}" for kind in ("pdf", "txt", "csv", "md", "tex")]
    assert lines[4:] == [str(file) for file in files]
    data = files[0].read_bytes()
    assert b"/FontFile2" in data
    assert b"/Type3" not in data
    assert "norm (seeds 0, 1)" in files[1].read_text()
    assert files[2].read_text().count("\n") == 6


def test_the_same_trainings_give_the_same_bytes(trainings, tmp_path):
    for name in "xy":
        assert main(["curves", str(trainings), "--out", str(tmp_path / name), "--width", "single"]) == 0
    for kind in ("png", "pdf", "txt", "csv", "md", "tex"):
        assert (tmp_path / "x" / f"curves.{kind}").read_bytes() == (tmp_path / "y" / f"curves.{kind}").read_bytes()


def test_a_named_file_and_other_formats_are_all_written(trainings, tmp_path):
    out = tmp_path / "x.pdf"
    assert main(["curves", str(trainings / "norm-s0"), "--out", str(out), "--format", "png,pdf"]) == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert not out.with_suffix(".svg").exists()


def test_a_single_training_keeps_its_own_and_several_go_here(trainings, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["curves", str(trainings / "norm-s0"), "--format", "png", "--columns", "copy"]) == 0
    assert (trainings / "norm-s0" / "curves.png").exists()
    assert main(["curves", str(trainings), "--format", "svg"]) == 0
    assert (tmp_path / "curves.svg").exists()
    assert not (tmp_path / "curves.png").exists()


def test_what_cannot_be_drawn_is_one_line_and_writes_nothing(trainings, tmp_path, capsys):
    out = tmp_path / "new"
    for arguments, message in (
        ([str(tmp_path / "absent")], "run must be a training run with train.json and loss.csv"),
        ([str(trainings), "--columns", "txt"], "column must be one of copy, loss, text, got 'txt'"),
        ([str(trainings), "--columns", "text,text"], "column must be different"),
        ([str(trainings), "--width", "wide"], "width must be single, double or inches, got 'wide'"),
        ([str(trainings), "--width", "99"], "width must be single"),
        ([str(trainings), "--format", "jpg"], "format must be one of pdf, png, svg"),
    ):
        assert main(["curves", *arguments, "--out", str(out)]) == 2
        err = capsys.readouterr().err
        assert err.startswith("lh-eval: error: ")
        assert message in err
        assert err.count("\n") == 1
        assert not list(out.glob("*"))


def test_an_out_that_cannot_be_written_is_one_line(trainings, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["curves", str(trainings), "--out", str(tmp_path / "file")]) == 2
    assert "out must be a file that can be written" in capsys.readouterr().err
