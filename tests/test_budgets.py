import pytest

from lh_eval.budgets import budget_text


@pytest.mark.parametrize(
    ("name", "budget", "text"),
    [("k", 512, "k=512"), ("tokens", 1048576.0, "tokens=1048576"), ("ratio", 0.5, "ratio=0.5"), (None, 3, "3")],
)
def test_whole_numbers_are_written_in_full(name, budget, text):
    assert budget_text(name, budget) == text
