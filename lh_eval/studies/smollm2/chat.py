"""Raw against chat on RULER's tasks: rates of each form, and what `docs/protocol-chat.md` asks of their differences."""

import json
import tarfile
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from lh_eval.errors import InputError
from lh_eval.statistics import bootstrap_mean, holm, sign_flip, wilson
from lh_eval.studies.tables import Shown, block, rate, signed, with_interval

ROWS = "rows.tar.xz"  # FORM/TASK/samples.jsonl, as `lh-eval run` wrote them
FORMS = {"raw": "raw", "chat": "chat, prefix", "bare": "chat, no prefix"}
CLAIMS = {"C1": ("chat", "raw"), "C2": ("bare", "chat")}
_LEVEL = 0.95


class Contrast(NamedTuple):
    """A claim's difference.

    difference: mean over tasks of the first form's score less the second's.
    low, high: its 95 % interval.
    p: of the sign-flip test.
    """

    difference: float
    low: float
    high: float
    p: float


def read_scores(folder: Path) -> pd.DataFrame:
    """Scores with a row a task and trial, a column a form; what a form lacks is left out.

    Raises:
        InputError: the forms asked different questions, or a row failed.
    """
    rows = []
    with tarfile.open(folder / ROWS) as archive:
        for name in sorted(archive.getnames()):
            file = archive.extractfile(name) if name.endswith("/samples.jsonl") else None
            for line in file or ():
                row = json.loads(line)
                if row["error"] is not None:
                    raise InputError(f"rows must all be scored, got {row['error']!r} in {name}; run them again")
                task = row["task"].removeprefix("chat:of=").partition(",")[0].removeprefix("ruler_")
                rows.append((name.partition("/")[0], task, row["trial"], row["answer"], row["score"]))
    frame = pd.DataFrame(rows, columns=["form", "task", "trial", "answer", "score"])
    if (frame.groupby(["task", "trial"])["answer"].nunique() > 1).any():
        raise InputError(
            "forms must ask the same under one task and trial, got different answers; run all with one seed"
        )
    order = frame["task"].drop_duplicates().tolist()
    scores = frame.pivot(index=["task", "trial"], columns="form", values="score")[list(FORMS)].dropna()
    return scores.reindex(order, level="task")


def chat_block(scores: pd.DataFrame) -> str:
    """Rates of each task and form; below them the mean over tasks."""
    columns = {}
    tasks = scores.index.get_level_values("task")
    for form, label in FORMS.items():
        sums = scores[form].groupby(tasks, sort=False).agg(["sum", "count"])
        shown = [
            with_interval(rate, hits / n, *wilson(hits, int(n), _LEVEL)) for hits, n in sums.itertuples(index=False)
        ]
        mean = _mean(scores[form])
        columns[label] = [*shown, with_interval(rate, mean.difference, mean.low, mean.high)]
    text = pd.DataFrame(columns, index=[*(f"`{task}`" for task in tasks.unique()), "mean"])
    trials = scores.groupby(level="task").size().max()
    note = f"{trials} trials a task; 95 % intervals: Wilson's, of the mean bootstrap over trials within tasks."
    return block(Shown(text.rename_axis("task").reset_index(), note), words=1)


def contrasts_block(scores: pd.DataFrame) -> str:
    """Each claim's difference, and whether it is decided."""
    found = {claim: _mean(scores[first] - scores[second]) for claim, (first, second) in CLAIMS.items()}
    rows = []
    for (claim, (first, second)), adjusted in zip(CLAIMS.items(), holm([one.p for one in found.values()]), strict=True):
        one = found[claim]
        decided = adjusted < 1 - _LEVEL and (one.low > 0 or one.high < 0)
        interval = with_interval(signed, one.difference, one.low, one.high)
        text = f"{FORMS[first]} less {FORMS[second]}"
        rows.append((claim, text, interval, f"{one.p:.4f}", f"{adjusted:.4f}", "decided" if decided else "not decided"))
    columns = ["claim", "first less second", "difference (95 % interval)", "p", "p, Holm", ""]
    return block(Shown(pd.DataFrame(rows, columns=columns)), words=2)


def _mean(values: "pd.Series[float]") -> Contrast:
    """The mean over tasks, each task counting the same; a trial of a task is by itself."""
    tasks = values.index.get_level_values("task").tolist()
    trials = list(values.index)
    weights = dict.fromkeys(tasks, 1 / len(set(tasks)))
    interval = bootstrap_mean(
        values.tolist(), cells=tasks, clusters=trials, strata=tasks, weights=weights, level=_LEVEL
    )
    low, high = interval or (float("nan"), float("nan"))
    p = sign_flip(values.tolist(), cells=tasks, clusters=trials, strata=tasks)
    return Contrast(float(values.groupby(tasks).mean().mean()), low, high, p)
