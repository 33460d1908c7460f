import pandas as pd
import pytest

from lh_eval import InputError
from lh_eval.studies.tables import Shown, Table, block, fill, filled, rate, signed, with_interval


def test_blocks_are_replaced_and_the_rest_stays():
    page = "a\n<!-- grid: one -->\nold\n<!-- /grid -->\nb\n<!-- grid: two -->\n<!-- /grid -->\n<!-- other: one -->\n"
    new = filled(page, "grid", {"one": "1\n", "two": "2\n"})
    assert new == (
        "a\n<!-- grid: one -->\n1\n<!-- /grid -->\nb\n<!-- grid: two -->\n2\n<!-- /grid -->\n<!-- other: one -->\n"
    )
    assert filled(new, "grid", {"one": "1\n", "two": "2\n"}) == new
    assert filled("no marker", "grid", {}) == "no marker"


def test_blocks_without_a_table_or_an_end_are_refused():
    with pytest.raises(InputError, match="grid block must be one of tables, got 'table'; did you mean 'tables'"):
        filled("<!-- grid: table -->\n<!-- /grid -->", "grid", {"tables": ""})
    with pytest.raises(InputError, match="each grid block must end with"):
        filled("<!-- grid: table -->\n", "grid", {"table": ""})


def test_a_page_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"page must be a readable file, got .*none\.md"):
        fill(tmp_path / "none.md", "grid", {})


def test_markdown_sets_numbers_right_and_a_note_below():
    table = pd.DataFrame({"name": ["a"], "n": [1]})
    assert block(Shown(table, "so"), words=1) == "| name | n |\n| --- | ---: |\n| a | 1 |\n\n*so*\n"


def test_numbers_for_people():
    assert [signed(value) for value in (0.0125, -0.5, 0.0001, -0.0001, None)] == [
        "+0.013",
        "−0.500",
        "0.000",
        "0.000",
        "–",
    ]
    nan = float("nan")
    assert with_interval(rate, 0.5, 0.25, 0.75) == "0.50 (0.25 to 0.75)"
    assert with_interval(signed, 0.5, -0.25, 0.75) == "+0.500 (−0.250 to +0.750)"
    assert [with_interval(rate, value, nan, nan) for value in (0.5, nan)] == ["0.50", "–"]


def test_files_hold_six_digits_and_tex_its_own_signs(tmp_path):
    values = pd.DataFrame({"a": [1 / 3], "k": pd.array([None], dtype="Int64")})
    shown = Shown(pd.DataFrame({"50%": ["−1 – 2"]}), "so")
    files = Table(values, {"": shown, "-too": shown}, words=1).write(tmp_path, "t")
    assert [file.name for file in files] == ["t.csv", "t.md", "t.tex", "t-too.tex"]
    csv, markdown, tex, too = (file.read_text() for file in files)
    assert csv == "a,k\n0.333333,\n"
    assert markdown == "\n".join([block(shown, words=1)] * 2)
    assert too == tex
    assert (
        tex == "\\begin{tabular}{l}\n\\toprule\n50\\% \\\\\n\\midrule\n$-$1 -- 2 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )
