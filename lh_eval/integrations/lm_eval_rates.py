"""What lm-eval is told of a document's score: the rate, those of each length, and errors that know of shared contexts.

Each metric gets a value of every document, so that all are of one number of documents; those of a length pass over the
others.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

from lh_eval.statistics.clusters import clustered_error

RATE = "acc"
ERROR = "stderr_clustered"

Scored = Sequence[Any]  # score, length, number of the context: lists once they were in a file


def scored(doc: dict[str, Any], score: float) -> dict[str, Any]:
    """A document's value for each metric; without lengths where there is one alone."""
    item = (score, doc["length"], doc["context_number"])
    names = [f"{RATE}_{ERROR}"]
    if len(doc["lengths"]) > 1:
        for length in doc["lengths"]:
            names += [f"{RATE}_at_{length}", f"{RATE}_at_{length}_{ERROR}"]
    return {RATE: score} | dict.fromkeys(names, item)


def aggregations(lengths: Sequence[int]) -> dict[str, Callable[[Sequence[Scored]], float]]:
    """What makes one number of the values of each metric but the rate over all, which is lm-eval's own mean."""
    made: dict[str, Callable[[Sequence[Scored]], float]] = {f"{RATE}_{ERROR}": error}
    if len(lengths) > 1:
        for length in lengths:
            made[f"{RATE}_at_{length}"] = functools.partial(rate, at=length)
            made[f"{RATE}_at_{length}_{ERROR}"] = functools.partial(error, at=length)
    return made


def rate(items: Sequence[Scored], *, at: int) -> float:
    """The mean score at a length; NaN where none was run."""
    scores = [item[0] for item in items if item[1] == at]
    return sum(scores) / len(scores) if scores else float("nan")


def error(items: Sequence[Scored], *, at: int | None = None) -> float:
    """The standard error of the mean, the depths and questions of one context taken together; NaN for one context."""
    kept = [item for item in items if at in (None, item[1])]
    if not kept:
        return float("nan")
    scores, lengths, numbers = zip(*kept, strict=True)
    return clustered_error(scores, list(zip(lengths, numbers, strict=True)), lengths)
