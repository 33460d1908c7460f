import pandas as pd
import pytest
from tables import filled, markdown, rate_with_interval, signed, write_csv, write_latex

from lh_eval import InputError
from lh_eval.publish.tabular import p_value


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


def test_markdown_sets_numbers_right_and_a_note_below():
    table = pd.DataFrame({"name": ["a"], "n": [1]})
    assert markdown(table, words=1, note="so") == "| name | n |\n| --- | ---: |\n| a | 1 |\n\n*so*\n"


def test_numbers_for_people():
    assert [signed(value) for value in (0.0125, -0.5, 0.0001, -0.0001, None)] == [
        "+0.013",
        "−0.500",
        "0.000",
        "0.000",
        "–",
    ]
    assert [p_value(value) for value in (0.25, 1e-9, float("nan"))] == ["0.2500", "<0.0001", "–"]
    assert rate_with_interval(0.5, 0.25, 0.75) == "0.50 (0.25 to 0.75)"
    assert [rate_with_interval(0.5, None, None), rate_with_interval(None, 0, 0)] == ["0.50", "–"]


def test_files_hold_six_digits_and_tex_its_own_signs(tmp_path):
    table = pd.DataFrame({"a": [1 / 3], "k": pd.array([None], dtype="Int64")})
    assert write_csv(table, tmp_path / "t").read_text() == "a,k\n0.333333,\n"
    shown = pd.DataFrame({"50%": ["−1 – 2"]})
    tex = write_latex(shown, tmp_path / "t", words=1).read_text()
    assert (
        tex == "\\begin{tabular}{l}\n\\toprule\n50\\% \\\\\n\\midrule\n$-$1 -- 2 \\\\\n\\bottomrule\n\\end{tabular}\n"
    )
