"""`lh-eval compare` end to end, on run folders made here."""

import json
from pathlib import Path

import pytest

from lh_eval.cli.app import main
from lh_eval.store.folder import RunFolder
from lh_eval.store.rows import Row

NORM = {"scorer": "norm", "k": 256}


@pytest.fixture
def make_run(tmp_path):
    def make(name, right, *, attention=None, seed=None, task="passkey", prompt="0", model=None):
        config = {
            "task": task,
            "lengths": [1024],
            "depths": [0, 100],
            "attention": attention,
            "model": {"name": model or name.rpartition("/")[2]},
        }
        with RunFolder.open(tmp_path / name, config | {"provenance": {"training_seed": seed}}) as run:
            for depth in (0.0, 100.0):
                for trial in range(8):
                    row = {
                        "task": task, "length": 1024, "depth": depth, "true_depth": depth, "trial": trial, "seed": 0,
                        "needle_start": 0, "needle_end": 9, "context_tokens": 1000, "answer": "1", "prediction": "1",
                        "prompt_sha256": f"{prompt}-{depth}-{trial}", "score": float(right(depth, trial)),
                        "selection_recall": None, "seconds": 0.1,
                    }  # fmt: skip
                    run.append(Row(**row))
        return str(tmp_path / name)

    return make


def test_table_json_and_figure(make_run, tmp_path, capsys):
    a = make_run("dense", lambda depth, trial: depth == 0, model="m")
    b = make_run("norm-k256", lambda depth, trial: True, attention=NORM, model="m")
    assert main(["compare", a, b, "--json", str(tmp_path / "new" / "c.json")]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[:2] == [f"A: dense, m, {a}", f"B: norm k=256, m, {b}"]
    assert out[2].split() == [
        "length",
        "depth",
        "pairs",
        "A",
        "B",
        "B-A",
        "interval",
        "gained",
        "lost",
        "p",
        "p",
        "(Holm)",
    ]
    assert out[5].split()[:6] == ["1K", "100", "8", "0.000", "1.000", "+1.000"]
    assert out[5].split()[-4:] == ["8", "0", "0.0078", "0.0156"]
    assert out[3].split()[:5] == ["grid", "16", "0.500", "1.000", "+0.500"]
    assert out[-2:] == [f"json: {tmp_path}/new/c.json", f"figure: {tmp_path}/new/c.png"]
    values = json.loads((tmp_path / "new" / "c.json").read_text())
    assert values["b"][0]["setting"] == "norm k=256"
    assert values["overall"]["difference"] == 0.5
    assert values["overall"]["least_p"] is None
    assert [cell["p_holm"] for cell in values["cells"]] == [1.0, 0.015625]


def test_out_has_the_table_as_csv_and_latex_the_figure_and_its_caption(make_run, tmp_path, capsys):
    a = make_run("dense", lambda depth, trial: depth == 0, model="m")
    b = make_run("norm-k256", lambda depth, trial: True, attention=NORM, model="m")
    for name in ("one", "two"):
        assert main(["compare", a, b, "--out", str(tmp_path / name)]) == 0
    names = ["comparison.json", "difference.pdf", "difference.png", "difference.txt", "table.csv", "table.tex"]
    assert sorted(file.name for file in (tmp_path / "one").iterdir()) == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert f"table: {tmp_path}/two/table.tex" in capsys.readouterr().out
    caption = (tmp_path / "one" / "difference.txt").read_text()
    assert caption.startswith("Retrieval rate of norm k=256 less that of dense by context length")
    assert "Mean over cells 1.000 less 0.500: +0.500" in caption
    assert "exact McNemar" in caption
    assert (tmp_path / "one" / "table.csv").read_text().splitlines()[1].endswith(",dense,m,norm k=256,m")


def test_two_checkpoints_are_told_apart_by_name(make_run, capsys):
    a = make_run("a", lambda depth, trial: trial < 2, model="one")
    b = make_run("b", lambda depth, trial: True, attention=NORM, model="other")
    assert main(["compare", a, b]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [f"A: one dense, {a}", f"B: other norm k=256, {b}"]


def test_an_out_that_cannot_be_written_is_one_line(make_run, tmp_path, capsys):
    a, b = make_run("a", lambda *_: True), make_run("b", lambda *_: True)
    (tmp_path / "file").write_text("")
    assert main(["compare", a, b, "--out", str(tmp_path / "file")]) == 2
    assert "out must be a folder that can be written" in capsys.readouterr().err


def test_the_same_runs_give_the_same_bytes(make_run, tmp_path):
    a = make_run("a", lambda depth, trial: trial % 3 == 0)
    b = make_run("b", lambda depth, trial: trial % 2)
    for name in ("one", "two"):
        assert main(["compare", a, b, "--json", str(tmp_path / name / "c.json")]) == 0
    for kind in ("json", "png", "pdf"):
        assert (tmp_path / "one" / f"c.{kind}").read_bytes() == (tmp_path / "two" / f"c.{kind}").read_bytes()


def test_folders_that_are_the_sides_names_are_named_once(make_run, capsys):
    a = [make_run(f"x/a{seed}", lambda depth, trial: trial < 2, seed=seed) for seed in (0, 1)]
    b = [make_run(f"y/a{seed}", lambda depth, trial: trial < 5, seed=seed) for seed in (0, 1)]
    assert main(["compare", ",".join(a), ",".join(b)]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"A: {', '.join(a)} (2 trainings)",
        f"B: {', '.join(b)} (2 trainings)",
    ]


def test_nothing_is_written_unless_asked_for(make_run, tmp_path, capsys):
    a, b = make_run("a", lambda *_: True), make_run("b", lambda *_: True)
    before = sorted(tmp_path.rglob("*"))
    assert main(["compare", a, b]) == 0
    assert sorted(tmp_path.rglob("*")) == before
    assert capsys.readouterr().out.splitlines()[:2] == [f"A: a dense, {a}", f"B: b dense, {b}"]


@pytest.mark.parametrize(("name", "written"), [("f", {"f.png", "f.pdf"}), ("f.svg", {"f.svg"}), ("f.pdf", {"f.pdf"})])
def test_the_figures_suffix_is_its_format(make_run, tmp_path, capsys, name, written):
    a, b = make_run("a", lambda *_: True), make_run("b", lambda *_: True)
    assert main(["compare", a, b, "--figure", str(tmp_path / "new" / name)]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == written | {"f.txt"}
    assert Path(capsys.readouterr().out.splitlines()[-1].removeprefix("figure: ")).name in written


def test_trainings_are_paired_by_the_seed_that_runs_record(make_run, capsys):
    a = [make_run(f"a{seed}", lambda depth, trial, s=seed: trial < 2 + s, seed=seed) for seed in (0, 1, 2)]
    b = [make_run(f"b{seed}", lambda depth, trial, s=seed: trial < 5 + s, seed=seed) for seed in (2, 0, 1)]
    assert main(["compare", ",".join(a), ",".join(b)]) == 0
    out = capsys.readouterr().out
    assert "3 against 3, paired by seed" in out
    assert "dense (3 trainings)" in out
    assert out.splitlines()[1].endswith(", ".join([b[1], b[2], b[0]]))
    unknown = make_run("unknown", lambda *_: True)
    assert main(["compare", ",".join(a), ",".join([*b[:2], unknown])]) == 0
    assert "3 against 3, not paired by seed" in capsys.readouterr().out
    assert main(["compare", ",".join(a), unknown, "--paired"]) == 2
    assert "as many on both sides" in capsys.readouterr().err


def test_what_cannot_be_compared_is_one_line(make_run, tmp_path, capsys):
    a = make_run("sweep/dense", lambda *_: True)
    make_run("sweep/norm-k256", lambda *_: True, attention=NORM)
    other = make_run("other", lambda *_: True, prompt="1")
    keyed = make_run("keyed", lambda *_: True, task="keyed")
    for side, message in (
        (str(tmp_path / "sweep"), "one of its settings: "),
        (other, "compared runs must have the same prompts"),
        (keyed, "compared runs must be of one task, got keyed, passkey"),
        (str(tmp_path / "absent"), "run must be a folder with config.json"),
    ):
        assert main(["compare", a, side]) == 2
        err = capsys.readouterr().err
        assert err.startswith("lh-eval: error: ")
        assert message in err
        assert err.count("\n") == 1
    assert main(["compare", a, a, "--level", "95"]) == 2
    assert "level must be between 0 and 1, got 95" in capsys.readouterr().err
