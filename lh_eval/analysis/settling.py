"""Where the tokens of an answer settle, beside hits and misses, of runs that took settling depths."""

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.analysis.misses import apart
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd

DEEP = 0.85  # share of the layers from which on a token is deep; Chen et al. 2026, arXiv:2602.13517
_TOKENS = {"right answer": "answer_settling", "generated text": "prediction_settling"}
COLUMNS = ["tokens", "measure", "hits", "misses", "of_hits", "of_misses", "auroc", "low", "high"]


class Settled(NamedTuple):
    """What a run's rows know of it.

    layers: L of the model.
    deep: the layer from which on a token is deep.
    options: what depths were measured by, of config.json.
    table: `COLUMNS`, a row a kind of tokens and measure: a sample's mean depth, and its share of deep tokens; `of_hits`
        and `of_misses` are means over samples, `auroc` with its 95 % interval that of `statistics.separation`.
    shares: by kind of tokens, the share of the tokens of hits, and of misses, that settle at each layer.
    """

    layers: int
    deep: int
    options: dict[str, Any]
    table: "pd.DataFrame"
    shares: dict[str, tuple[list[float], list[float]]]


def settled(run: Run) -> Settled | None:
    """Set the settling depths of hits beside those of misses; None where the run did not take them."""
    import pandas as pd

    options = run.config.get("settling")
    layers = options.get("layers") if isinstance(options, dict) else None
    if not isinstance(options, dict) or not isinstance(layers, int) or layers < 1:
        return None
    deep = math.ceil(DEEP * layers)
    rows, shares = [], {}
    for tokens, column in _TOKENS.items():
        # a text that ended before its first token has none
        known = run.frame[run.frame["error"].isna() & run.frame[column].map(lambda depths: bool(_tuple(depths)))]
        if known.empty:
            continue
        depths = known[column]
        means = depths.map(lambda own: sum(own) / len(own)).astype(float)
        shared = depths.map(lambda own: sum(depth >= deep for depth in own) / len(own)).astype(float)
        rows += [{"tokens": tokens, "measure": name, **apart(known, values)} for name, values in (
            ("mean layer", means), (f"share from layer {deep} on", shared))]  # fmt: skip
        hit = known["score"] == 1
        shares[tokens] = (_shares(depths[hit], layers), _shares(depths[~hit], layers))
    return Settled(layers, deep, options, pd.DataFrame(rows, columns=COLUMNS), shares) if rows else None


def _shares(depths: "pd.Series", layers: int) -> list[float]:
    counts = Counter(depth for own in depths for depth in own)
    total = sum(counts.values())
    return [counts[layer] / total if total else 0.0 for layer in range(1, layers + 1)]


def _tuple(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else ()
