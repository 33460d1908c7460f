"""Whether what a row says of its answer holds together: the score is the rule's, a choice's rank and margin agree."""

from collections.abc import Iterator

from lh_eval.errors import InputError
from lh_eval.scoring.base import score_text
from lh_eval.store.rows import Row


def answer_problems(row: Row) -> Iterator[str]:
    """What of a row's answer, prediction and score contradicts the rest; nothing of one that failed."""
    if row.error is not None:
        if row.prediction is not None:
            yield f"prediction must be none where the sample failed, got {row.prediction!r}"
        return
    if row.answer is None or not row.answers or row.prediction is None:
        yield "answer, answers and prediction must be known where the sample did not fail"
        return
    if len(row.answers) == 1 and row.answers[0] != row.answer:
        yield f"answers must be those of answer {row.answer!r}, got {row.answers[0]!r}"
    try:
        score = score_text(row.scoring, row.prediction, row.answers)
    except InputError as error:
        yield f"score cannot be computed again: {error}"
        return
    if score != row.score:
        judged = f"{row.prediction!r} by {row.scoring!r} ({', '.join(row.answers)})"
        yield f"score must be {score:g} for {judged}, got {row.score:g}"
    if row.scoring != "choice":
        return
    if row.rank is not None and (row.rank == 1) != (score == 1):
        yield f"rank must be 1 where the choice is right and more where it is wrong, got {row.rank}"
    if row.margin is not None and row.margin != 0 and (row.margin > 0) != (score == 1):
        yield f"margin must be above 0 where the choice is right and below where it is wrong, got {row.margin:g}"
