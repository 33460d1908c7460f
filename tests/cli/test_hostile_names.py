"""Names in a stranger's run folder are neither computed nor typeset, run or obeyed by a terminal."""

import csv

import pytest
from pdflatex import compiled, needs_pdflatex

from lh_eval.cli.app import main
from lh_eval.store.folder import RunFolder

NAMES = ["=HYPERLINK(1)", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\x1b]0;hit\x07\x9b2J"]
NAMES += [r"\input{x}%$_&#^~", r"\write18{touch hit}", "[2cm]", "<script>hit()</script>"]


@pytest.fixture
def stranger(tmp_path, make_row):
    """Write a run whose task, model and setting have that name."""

    def make(folder, name, score):
        config = {
            "task": name, "lengths": [1024], "depths": [0, 100], "trials": 1, "seed": 0,
            "model": {"name": name}, "attention": {"k": 256},
            "setting": {"family": name, "budget": 256, "budget_name": "k"},
        }  # fmt: skip
        with RunFolder.open(tmp_path / folder, config) as run:
            for depth in (0.0, 100.0):
                run.append(make_row(task=name, length=1024, depth=depth, score=score, prompt_sha256=f"{depth:064}"))
        return str(tmp_path / folder)

    return make


def test_tables_and_pages_give_a_name_no_more_than_its_letters(stranger, tmp_path, capsys):
    runs, out = [stranger(f"run{place}", name, 1.0) for place, name in enumerate(NAMES)], tmp_path / "out"
    assert main(["table", *runs, "--out", str(out)]) == 0
    assert main(["report", *runs, "--no-prompts", "-o", str(out / "page.html")]) == 0
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    with (out / "table.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert {len(row) for row in rows} == {len(header)}
    assert len(rows) == len(NAMES)
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for row in rows for cell in row[:2])
    tex = [line for line in (out / "table.tex").read_text(encoding="utf-8").splitlines() if line.endswith(r" \\")]
    assert len(tex) == 1 + len(NAMES)
    assert not any(line.startswith("[") or r"\input" in line for line in tex)
    assert "<script>hit" not in (out / "page.html").read_text(encoding="utf-8")


def test_a_comparison_takes_any_name(stranger, tmp_path, capsys):
    name = "".join(NAMES)
    sides = [stranger("a", name, 1.0), stranger("b", name, 0.0)]
    assert main(["compare", *sides, "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    assert (tmp_path / "out" / "difference.pdf").exists()


@needs_pdflatex
def test_tables_of_any_names_compile(stranger, tmp_path):
    runs, out = [stranger(f"run{place}", name, 1.0) for place, name in enumerate(NAMES)], tmp_path / "out"
    assert main(["table", *runs, "--out", str(out)]) == 0
    compiled((out / "table.tex").read_text(encoding="utf-8"), tmp_path)
    name = "".join(NAMES)
    sides = [stranger("a", name, 1.0), stranger("b", name, 0.0)]
    assert main(["compare", *sides, "--out", str(out)]) == 0
    compiled((out / "table.tex").read_text(encoding="utf-8"), tmp_path)
    assert not list(tmp_path.rglob("hit"))


def test_rows_with_half_of_a_character_are_one_line(stranger, capsys):
    folder = stranger("a", "passkey", 1.0)
    with open(f"{folder}/samples.jsonl", encoding="utf-8") as file:
        lines = file.read()
    with open(f"{folder}/samples.jsonl", "w", encoding="utf-8") as file:
        file.write(lines.replace('"prediction": "7"', r'"prediction": "\ud800"', 1))
    assert main(["table", folder]) == 2
    said = capsys.readouterr().err
    assert "must have a row on every line, got unexpected end of hex escape" in said
    assert said.count("\n") == 1


def test_names_with_half_of_a_character_are_one_line(stranger, tmp_path, capsys):
    folder = stranger("a", "passkey", 1.0)
    config = (tmp_path / "a" / "config.json").read_text(encoding="utf-8")
    (tmp_path / "a" / "config.json").write_text(config.replace('"passkey"', r'"pass\ud800"'), encoding="utf-8")
    assert main(["table", folder]) == 2
    said = capsys.readouterr().err
    assert "config.json must be a readable JSON file, got" in said
    assert said.count("\n") == 1
