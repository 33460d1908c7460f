import pandas as pd

from lh_eval.publish.tabular import booktabs, markdown

SHOWN = pd.DataFrame({"run": ["a_b"], "rate (%)": ["0.5–0.7"], "gap": ["−0.1"]})


def test_latex_escapes_and_aligns():
    lines = booktabs(SHOWN, left=1).splitlines()
    assert lines[0] == r"\begin{tabular}{lrr}"
    assert lines[2] == r"run & rate (\%) & gap \\"
    assert lines[4] == r"a\_b & 0.5--0.7 & $-$0.1 \\"


def test_markdown_aligns():
    assert markdown(SHOWN, left=1) == "| run | rate (%) | gap |\n| --- | ---: | ---: |\n| a_b | 0.5–0.7 | −0.1 |\n"
