import pytest

from lh_eval.publish.report.failing import lost_text, shown
from lh_eval.publish.report.prompts import Prompts
from lh_eval.store.rows import to_frame
from lh_eval.store.run import read_run


@pytest.mark.parametrize(
    ("recall", "dropped", "text"),
    [
        (None, None, "none: attention was dense"),
        (0.5, None, "not yet kept"),
        (1.0, (), "none: every head"),
        (0.25, ((2, (0, 1, 2, 5, 7, 8)),), "layer 2: heads 0–2, 5, 7–8 (selection recall 0.25)"),
        (
            0.1,
            ((2, (0, 1)), (3, (0, 1)), (4, (1,)), (6, (1,))),
            "layers 2–3: heads 0–1; layer 4: head 1; layer 6: head 1",
        ),
        (0.5, ((1, (3,)), (4, (0, 2))), "layer 1: head 3; layer 4: heads 0, 2 (selection recall 0.50)"),
    ],
)
def test_what_is_said_of_dropped_needles(recall, dropped, text):
    assert text in lost_text(recall, dropped, without="none: attention was dense")


def test_a_row_without_recall_says_which_reason_it_was(make_run, make_row):
    dense = read_run(make_run("dense"))
    sparse = read_run(make_run("a", attention={"k": 8, "scorer": "norm"}))
    rows = [
        (dense, {}, "none: attention was dense"),
        (sparse, {"error": "no memory"}, "not known: the sample failed to run"),
        (sparse, {"needle_end": 2040}, "none: the sample has no needle"),
        (sparse, {}, "not known: the setting selects nothing that could be told"),
    ]
    for run, changes, said in rows:
        (row,) = to_frame([make_row(**changes)]).to_dict(orient="records")
        assert shown(run, row, Prompts(wanted=False)).lost == said
