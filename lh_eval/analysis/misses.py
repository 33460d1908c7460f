"""Which membership goes with a miss: needle, question and last token, beside hits and misses of each setting."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

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
            hit = known["score"] == 1
            contexts = known["trial"] // questions_of_task(str(known["task"].iloc[0]))
            found = separation(
                held.tolist(),
                hit.tolist(),
                clusters=list(zip(known["length"], contexts, strict=True)),
                strata=known["length"].tolist(),
            )
            means = {"of_hits": held[hit].mean(), "of_misses": held[~hit].mean()}
            rows.append({"setting": setting, "tokens": tokens, **found._asdict(), **means})
    return pd.DataFrame(rows, columns=COLUMNS)
