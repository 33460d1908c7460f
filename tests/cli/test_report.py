from pathlib import Path

from lh_eval.cli.app import main

OUTPUTS = Path(__file__).parents[2] / "outputs"


def test_a_sweep_becomes_a_page(capsys, tmp_path):
    out = tmp_path / "pages" / "report.html"
    arguments = ["report", str(OUTPUTS / "default"), "-o", str(out), "--no-prompts", "--failures", "1"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == f"report: {out}\n"
    text = out.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count("<article id=") == 2
    assert "Prompts were left out of this report." in text


def test_what_cannot_be_read_or_written_is_one_line(capsys, tmp_path):
    assert main(["report", str(tmp_path)]) == 2
    assert "run must be a folder with runs" in capsys.readouterr().err
    assert main(["report", str(OUTPUTS / "default"), "-o", str(tmp_path), "--no-prompts"]) == 2
    assert "out must be a file that can be written" in capsys.readouterr().err
