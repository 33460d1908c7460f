import pytest

from lh_eval.publish.report.failing import lost_text


@pytest.mark.parametrize(
    ("recall", "dropped", "text"),
    [
        (None, None, "nothing was selected"),
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
    assert text in lost_text(recall, dropped)
