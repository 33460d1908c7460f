import pandas as pd
import pytest

from lh_eval.analysis.comparison import COLUMNS, OVERALL_COLUMNS, Comparison
from lh_eval.publish.comparison_table import comparison_text, write_comparison_table

NAN = float("nan")


@pytest.fixture
def compared():
    cells = [(1024, 0.0, 8, 1.0, 0.5, -0.5, -0.75, -0.1, 0, 4, 0.125, 0.25)]
    cells += [(2048, 50.0, 8, 0.0, 1.0, 1.0, 1 / 3, 1.0, 8, 0, 1e-6, 2e-6)]
    whole = dict.fromkeys(OVERALL_COLUMNS, NAN)
    whole |= {"pairs": 16, "rate_a": 0.5, "rate_b": 0.75, "difference": 0.25, "gained": 8, "lost": 4, "p": 0.4}
    return Comparison(pd.DataFrame(cells, columns=COLUMNS), pd.DataFrame([whole]), [])


def test_the_grid_leads_and_each_cell_has_a_row(compared):
    shown = comparison_text(compared).to_numpy().tolist()
    assert shown[1] == ["1K", "0", "8", "1.000", "0.500", "-0.500", "-0.750 to -0.100", "0", "4", "0.1250", "0.2500"]
    assert shown[2][-2:] == ["<0.0001", "<0.0001"]
    assert shown[0] == ["grid", "", "16", "0.500", "0.750", "+0.250", "–", "8", "4", "0.4000", ""]


def test_equal_differences_are_shown_alike(compared):
    cells = compared.cells.assign(difference=[0.0625 + 1e-17, 0.0625 + 2e-17 + 1e-16])
    shown = comparison_text(compared._replace(cells=cells))
    assert shown["B-A"].tolist()[1:] == ["+0.062", "+0.062"]


def test_files_name_both_sides_and_have_the_same_bytes_every_time(compared, tmp_path):
    first, second = (
        [
            file.read_text()
            for file in write_comparison_table(compared, ("dense", "norm_x"), tmp_path / name, models=("m", "m"))
        ]
        for name in "xy"
    )
    assert first == second
    csv, tex = first
    assert csv.splitlines()[1:] == [
        "grid,,16,0.5,0.75,0.25,,,8,4,0.4,,dense,m,norm_x,m",
        "1024,0,8,1,0.5,-0.5,-0.75,-0.1,0,4,0.125,0.25,dense,m,norm_x,m",
        "2048,50,8,0,1,1,0.333333,1,8,0,1e-06,2e-06,dense,m,norm_x,m",
    ]
    lines = tex.splitlines()
    assert lines[2].startswith(r"length & depth & pairs & dense & norm\_x & difference & interval")
    assert "$-$0.500 & $-$0.750 to $-$0.100" in lines[5]
