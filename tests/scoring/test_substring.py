import pytest
from lm_eval.tasks.ruler.common_utils import postprocess_pred, string_match_all

from lh_eval.scoring.base import is_decided, score_text

TEXTS = ["17 and 4375216,7723137", "a ABCde\x07f", " \n", "Ada\x00", "4375216"]
ANSWERS = [["4375216", "7723137"], ["7"], ["abcDE", "x"], ["ada"]]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("answers", ANSWERS)
def test_the_share_is_lm_evals(text, answers):
    assert score_text("substring", text, answers) == string_match_all(postprocess_pred([text]), [answers])


def test_one_is_enough():
    assert score_text("substring:need=one", "in Paris.", ["Rome", "paris"]) == 1.0
    assert score_text("substring:need=one", "in London", ["Rome", "paris"]) == 0.0


def test_generation_ends_with_the_last_answer():
    assert is_decided("substring", "12 and 34", ["12", "34"])
    assert not is_decided("substring", "12 and 3", ["12", "34"])
    assert is_decided("substring:need=one", "12", ["12", "34"])
