import csv
import io
import re

import pandas as pd
import pytest
from pdflatex import compiled, needs_pdflatex

from lh_eval.figures.latex import escape
from lh_eval.publish.tabular import booktabs, csv_text, markdown

SHOWN = pd.DataFrame({"run": ["a_b"], "rate (%)": ["0.5–0.7"], "gap": ["−0.1"]})


def test_latex_escapes_and_aligns():
    lines = booktabs(SHOWN, left=1).splitlines()
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert lines[2] == r"run & rate (\%) & gap \\"
    assert lines[4] == r"a\_b & 0.5--0.7 & $-$0.1 \\"


def test_markdown_aligns():
    assert markdown(SHOWN, left=1) == "| run | rate (%) | gap |\n| --- | ---: | ---: |\n| a_b | 0.5–0.7 | −0.1 |\n"


FORMULAS = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1"]
HOSTILE = [*FORMULAS, r"\input{/etc/passwd}", r"\write18{id}", "50% & $x_1$ #~^{}", "[2cm]", "*", "a\nb\x00c", "x|y"]


def test_spreadsheets_compute_no_name():
    table = pd.DataFrame({"=run": HOSTILE, "gap": [-0.5] * len(HOSTILE), "text": ["-1.5e-3"] * len(HOSTILE)})
    shown = [re.sub(r"[\t\r\n\0]+", " ", name) for name in HOSTILE]
    header, *rows = csv.reader(io.StringIO(csv_text(table), newline=""))
    assert header == ["'=run", "gap", "text"]
    assert [row[0] for row in rows] == [f"'{name}" for name in shown[:7]] + shown[7:]
    assert {tuple(row[1:]) for row in rows} == {("-0.5", "-1.5e-3")}


def _hostile_tabular():
    return booktabs(pd.DataFrame({"[run]": HOSTILE, "gap": ["−0.1"] * len(HOSTILE)}), left=1)


def test_latex_takes_no_command_from_a_name():
    lines = _hostile_tabular().splitlines()
    rows = lines[2:3] + lines[4:-2]
    assert len(rows) == 1 + len(HOSTILE)
    for row in rows:
        assert len(re.findall(r"(?<!\\)&", row)) == 1
        assert row.endswith(r" \\")
        assert not row.startswith(("[", "*"))
        commands = set(re.findall(r"\\([a-zA-Z]+)", row))
        assert commands <= {"textbackslash", "textasciitilde", "textasciicircum"}
        assert row.isprintable()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_figures_latex_takes_no_command_from_a_name(name):
    assert set(re.findall(r"\\([a-zA-Z]+)", escape(name))) <= {"textbackslash", "textasciitilde"}
    assert not re.search(r"(?<!\\)[%&#_$]", escape(name))


@needs_pdflatex
def test_latex_compiles(tmp_path):
    compiled(_hostile_tabular(), tmp_path)


@needs_pdflatex
@pytest.mark.parametrize("name", HOSTILE)
def test_a_figures_latex_compiles(name, tmp_path):
    compiled(escape(name), tmp_path)


def test_markdown_keeps_a_name_in_its_cell():
    assert markdown(pd.DataFrame({"run": ["a|b\nc"]}), left=1).splitlines()[2] == r"| a\|b c |"
