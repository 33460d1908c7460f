import pytest

from lh_eval.verifying.settling import settling_problems

TAKEN = {"settling": {"threshold": 0.5, "base": 2.0, "norm": True, "layers": 4}}


@pytest.mark.parametrize(
    ("config", "values", "problem"),
    [
        ({}, {}, None),
        (TAKEN, {"answer_settling": [4]}, None),
        (TAKEN, {"answer_settling": [2, 3], "prediction_settling": [], "scoring": "any"}, None),
        (TAKEN, {"error": "broken"}, None),
        ({}, {"answer_settling": [4]}, "answer_settling must be none as config.json says"),
        (TAKEN, {}, "answer_settling must be known as config.json says"),
        (TAKEN, {"answer_settling": [5]}, "answer_settling must be at most the 4 layers"),
        (TAKEN, {"answer_settling": [4], "prediction_settling": [4]}, "prediction_settling must be none"),
        (TAKEN, {"answer_settling": [4], "scoring": "any"}, "prediction_settling must be known"),
        (TAKEN, {"answer_settling": []}, "a depth of each of the answer's tokens"),
    ],
)
def test_rows_have_the_depths_that_were_taken(make_row, config, values, problem):
    found = list(settling_problems(config, make_row(**values)))
    assert len(found) == (problem is not None)
    assert problem is None or problem in found[0]
