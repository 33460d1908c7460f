from lh_eval.figures.lines import line_styles


def test_budgets_of_one_kind_share_their_shades(make_cells, make_settings):
    styles = line_styles(make_settings({name: make_cells() for name in ("norm k=8", "norm k=16", "qk k=8")}), "cividis")
    assert styles["norm k=8"]["color"] == styles["qk k=8"]["color"] != styles["norm k=16"]["color"]


def test_budgets_of_different_kinds_have_a_shade_each(make_cells, make_settings):
    names = ("window tokens=8", "press:snapkv ratio=0.5", "qk k=8")
    styles = line_styles(make_settings({name: make_cells() for name in names}), "cividis")
    assert len({styles[name]["color"] for name in names}) == 3
    assert len({styles[name]["marker"] for name in names}) == 3
