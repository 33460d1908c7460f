import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lh_eval import InputError
from lh_eval.store.files import read_samples
from lh_eval.store.rows import Row, to_frame

FIELDS = [
    "task",
    "length",
    "depth",
    "true_depth",
    "trial",
    "seed",
    "needle_start",
    "needle_end",
    "context_tokens",
    "prompt_sha256",
    "answer",
    "prediction",
    "score",
    "selection_recall",
    "seconds",
    "error",
    "answers",
    "scoring",
    "first_token_logprob",
    "answer_logprob",
    "rank",
    "peak_bytes",
    "beyond_positions",
    "dropped",
    "reading",
    "margin",
    "remainder",
    "question_recall",
    "last_token_recall",
    "needle_levels",
    "answer_levels",
    "question_levels",
    "truncated",
    "thought_tokens",
    "answer_settling",
    "prediction_settling",
]

LATER = FIELDS[FIELDS.index("answers") :]
OUTPUTS = Path(__file__).parents[2] / "outputs"


def test_a_line_has_the_fields_of_the_contract_in_order(make_row):
    assert list(json.loads(make_row().to_json())) == FIELDS


@pytest.mark.parametrize("field", ["seed", "trial", "length", "needle_end", "rank"])
def test_a_number_that_no_table_holds_is_no_row(make_row, field):
    line = json.dumps(json.loads(make_row().to_json()) | {field: 2**70})
    with pytest.raises(InputError, match=f"{field} must be below 9.22337e\\+18, got {2**70}"):
        Row.from_json(line)


def test_rows_of_before_answers_were_kept_are_choices(make_row):
    values = json.loads(make_row().to_json())
    line = json.dumps({name: value for name, value in values.items() if name not in LATER})
    row = Row.from_json(line)
    assert row == make_row()
    assert (row.answers, row.scoring, row.answer_logprob, row.beyond_positions) == (("7",), "choice", None, False)


def test_the_committed_rows_are_read():
    files = sorted(OUTPUTS.glob("**/samples.jsonl"))
    assert len(files) > 10
    assert all(read_samples(file).rows for file in files)


def test_a_generated_answer_has_a_share_of_its_needles_and_all_its_texts(make_row):
    row = make_row(answer="7, 8", answers=["7", "8"], scoring="all", prediction=" 8 and", score=0.5, rank=None)
    assert json.loads(row.to_json())["answers"] == ["7", "8"]
    assert Row.from_json(row.to_json()) == row
    assert to_frame([row])["answers"].tolist() == [("7", "8")]


def test_a_row_keeps_the_rule_of_a_package_that_is_not_here(make_row):
    row = make_row(scoring="fuzzy:most=2", score=0.25)
    assert Row.from_json(row.to_json()) == row


def test_the_heads_that_dropped_the_needle_survive_the_file(make_row):
    row = make_row(selection_recall=0.5, dropped=[[1, [0, 2]], [3, [1]]])
    assert row.dropped == ((1, (0, 2)), (3, (1,)))
    assert Row.from_json(row.to_json()) == row
    assert make_row(dropped=[]).dropped == ()
    assert to_frame([row, make_row(trial=1)])["dropped"].isna().tolist() == [False, True]


@given(
    prediction=st.text() | st.none(),
    depth=st.floats(0, 100),
    recall=st.floats(0, 1) | st.none(),
    outcome=st.sampled_from([(1.0, None), (0.0, None), (None, "CUDA out of memory\nline 2")]),
)
def test_any_row_survives_the_file(prediction, depth, recall, outcome):
    score, error = outcome
    row = Row(
        task="passkey", length=4096, depth=depth, true_depth=depth, trial=3, seed=1, needle_start=1, needle_end=2,
        context_tokens=9, prompt_sha256="ab", answer="é\u2028", prediction=prediction, score=score,
        selection_recall=recall, seconds=1.5, error=error,
    )  # fmt: skip
    line = row.to_json()
    assert "\n" not in line
    assert line.isascii()
    assert Row.from_json(line) == row


def test_the_key_does_not_tell_an_integer_depth_from_the_same_float(make_row):
    assert make_row(depth=15).key == make_row(depth=15.0).key == ("passkey", 4096, 15.0, 0)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"length": 4096.0}, "length"),
        ({"trial": True}, "trial"),
        ({"score": True}, "score"),
        ({"score": 0.5}, "score"),
        ({"score": None}, "score"),
        ({"score": 1.5, "scoring": "all"}, "score"),
        ({"scoring": None}, "scoring"),
        ({"answers": "7"}, "answers"),
        ({"answers": [7]}, "answers"),
        ({"dropped": {"1": [0]}}, "dropped"),
        ({"dropped": [[1, [2, 0]]]}, "dropped"),
        ({"dropped": [[1, []]]}, "dropped"),
        ({"dropped": [[1, [True]]]}, "dropped"),
        ({"dropped": [[2, [0]], [1, [0]]]}, "dropped"),
        ({"beyond_positions": 1}, "beyond_positions"),
        ({"answer_logprob": -math.inf}, "answer_logprob"),
        ({"seconds": math.nan}, "seconds"),
        ({"selection_recall": 1.5}, "selection_recall"),
        ({"answer": None}, "answer"),
        ({"prediction": 7}, "prediction"),
    ],
)
def test_a_bad_value_is_named(make_row, changes, name):
    with pytest.raises(InputError, match=f"^{name} must be"):
        make_row(**changes)


def test_a_failed_row_has_no_score(make_row):
    good = json.loads(make_row().to_json())
    with pytest.raises(InputError, match="score must be None exactly where error is set"):
        Row(**good | {"error": "out of memory"})


def test_a_sample_that_could_not_be_made_has_only_its_key_and_error(make_row):
    unknown = dict.fromkeys(["true_depth", "needle_start", "needle_end", "context_tokens", "prompt_sha256", "answer"])
    row = make_row(error="KeyError: 'x'", **unknown)
    assert Row.from_json(row.to_json()) == row
    table = to_frame([row, make_row(trial=1)])
    assert table["needle_start"].isna().tolist() == [True, False]
    assert table["needle_start"][1] == 2040
    for name in unknown:
        with pytest.raises(InputError, match=f"^{name} must be known where error is None"):
            make_row(**{name: None})


@pytest.mark.parametrize("line", ["[]", "{}", '{"task": "passkey"}'])
def test_json_that_is_no_row_is_refused(line):
    with pytest.raises(InputError, match="a row must have the fields task, length"):
        Row.from_json(line)


def test_the_table_is_sorted_and_typed(make_row):
    rows = [make_row(length=length, depth=depth, trial=t) for length in (8, 4) for depth in (100, 15) for t in (1, 0)]
    table = to_frame(rows)
    assert list(table.columns) == FIELDS
    assert list(zip(table.length, table.depth, table.trial, strict=True)) == sorted(
        (row.length, row.depth, row.trial) for row in rows
    )
    assert table.length.dtype == "int64"
    assert table.selection_recall.isna().all()


def test_a_table_of_no_rows_has_the_same_columns_and_types(make_row):
    empty, one = to_frame([]), to_frame([make_row()])
    assert empty.empty
    assert list(empty.columns) == FIELDS
    numbers = ["length", "depth", "score", "selection_recall", "seconds"]
    assert empty[numbers].dtypes.equals(one[numbers].dtypes)
