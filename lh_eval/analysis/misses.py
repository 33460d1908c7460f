"""Which membership goes with a miss: needle, question and last token, beside hits and misses of each setting."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.pairing import questions_of_task
from lh_eval.statistics import separation

if TYPE_CHECKING:
    import pandas as pd

_MEASURES = {  # what is called how, and the column of the rows: shares, or levels whose finest counts
    "whole needle": "selection_recall",
    "needle's tokens": "needle_levels",
    "answer's tokens": "answer_levels",
    "whole question": "question_recall",
    "question's tokens": "question_levels",
    "last token": "last_token_recall",
}
COLUMNS = ["setting", "tokens", "hits", "misses", "of_hits", "of_misses", "auroc", "low", "high"]


def misses(frames: "Mapping[str, pd.DataFrame]") -> "pd.DataFrame":
    """Set the memberships of hits beside those of misses, samples with less than the full score.

    Hits are compared with misses of their length, as a length's budget decides both; samples of a length and a trial
    vary together.

    Args:
        frames: rows by setting.

    Returns:
        `COLUMNS`, a row a setting and membership that its rows know of: of a whole span the share of layers and heads
        that gathered all of it at level 0, of its tokens the share gathered so. `of_hits` and `of_misses` are means,
        `auroc` with its 95 % interval from `low` to `high` is that of `statistics.separation`.
    """
    import pandas as pd

    rows = []
    for setting, frame in frames.items():
        for tokens, column in _MEASURES.items():
            known = frame[frame["error"].isna() & frame[column].notna()]
            if known.empty:
                continue
            held = known[column].map(lambda share: share[0] if isinstance(share, tuple) else share).astype(float)
            rows.append({"setting": setting, "tokens": tokens, **apart(known, held)})
    return pd.DataFrame(rows, columns=COLUMNS)


def apart(rows: "pd.DataFrame", values: "pd.Series[float]") -> dict[str, Any]:
    """How far a measure of samples tells hits from misses: all of `COLUMNS` behind the first two.

    Args:
        rows: the samples, of one task, without those that failed.
        values: of each the measure.
    """
    hit = rows["score"] == 1
    contexts = rows["trial"] // questions_of_task(str(rows["task"].iloc[0]))
    found = separation(
        values.tolist(),
        hit.tolist(),
        clusters=list(zip(rows["length"], contexts, strict=True)),
        strata=rows["length"].tolist(),
    )
    return {**found._asdict(), "of_hits": values[hit].mean(), "of_misses": values[~hit].mean()}
