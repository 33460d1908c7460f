"""The claims of docs/protocol-smollm2.md: each line's difference, paired by prompt, and whether it is decided."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd

from lh_eval.analysis.pairing import align
from lh_eval.publish.tabular import p_value
from lh_eval.statistics import compare_trainings, holm, mcnemar_exact, paired_difference
from lh_eval.store.sweep import DENSE
from lh_eval.studies.smollm2.settings import (
    ALL,
    COMBINES,
    HALF,
    LOCAL,
    OTHERS,
    READINGS,
    ROPES,
    Settings,
    half,
    lighthouse,
)
from lh_eval.studies.tables import Shown, block, nats, signed, with_interval

LEVEL = 0.95


class Line(NamedTuple):
    """One comparison of the protocol.

    claim: its number.
    text: the claim in words.
    name: what tells it from the claim's other lines.
    reading: how prompts are read.
    first, second: labels of the settings.
    """

    claim: str
    text: str
    name: str
    reading: str
    first: str
    second: str


def claims_block(settings: Settings) -> str:
    """Every line of the protocol, and whether it is decided."""
    table = claims_table(settings)
    ends = ["difference", "low", "high"]
    shown = pd.DataFrame(
        {
            "claim": table["claim"],
            "first less second": table["text"],
            "where": table["name"],
            "reading": table["reading"],
            "found": table["found"],
            "difference (95 % interval)": [with_interval(signed, *row) for row in table[ends].to_numpy(float)],
            "gained, lost": table["gained"].astype(str) + ", " + table["lost"].astype(str),
            "p, Holm": table["p_holm"].map(p_value),
            "log-probability (95 % interval)": [
                with_interval(nats, *row) for row in table[[f"log_{end}" for end in ends]].to_numpy(float)
            ],
            "": table["decided"],
        }
    )
    note = (
        "Found: of the first side and of the second, on the same prompts. Newcombe's interval of pairs; McNemar's "
        "exact test, Holm over a claim's lines. Log-probability of the answer, in nats: t-interval over trials. Above, "
        "or below: p after Holm is below 0.05 and both intervals are on that side of 0."
    )
    return block(Shown(shown, note), words=4)


def claims_table(settings: Settings) -> pd.DataFrame:
    """A row a line whose settings there are, with `p_holm` and `decided`: above, below or not decided."""
    rows = [
        {
            **line._asdict(),
            **compared(settings[line.reading][line.first].frame, settings[line.reading][line.second].frame),
        }
        for line in lines()
        if {line.first, line.second} <= settings.get(line.reading, {}).keys()
    ]
    table = pd.DataFrame(rows)
    table["p_holm"] = table.groupby("claim")["p"].transform(lambda p: holm(p.tolist()))
    sure = table["p_holm"] < 1 - LEVEL
    above = sure & (table[["low", "log_low"]] > 0).all(axis=1)
    below = sure & (table[["high", "log_high"]] < 0).all(axis=1)
    table["decided"] = [
        ("above" if up else "below") if up or down else "not decided" for up, down in zip(above, below, strict=True)
    ]
    return table


def lines() -> Iterator[Line]:
    """The protocol's comparisons, in its order."""
    whole, part = ({(how, rope): lighthouse(k, how, rope) for how in COMBINES for rope in ROPES} for k in (ALL, HALF))
    by_rope = {
        "S1": (f"k = {ALL}: `finest` less `sum`", lambda rope: (whole["finest", rope], whole["sum", rope])),
        "S2": (f"k = {ALL}: `mean` less `sum`", lambda rope: (whole["mean", rope], whole["sum", rope])),
        "S3": (f"k = {ALL}: `finest` less `mean`", lambda rope: (whole["finest", rope], whole["mean", rope])),
        "S4": (f"`finest`: k = {ALL} less {HALF}", lambda rope: (whole["finest", rope], part["finest", rope])),
        "S5": ("dense less keys kept", lambda rope: (DENSE, half("keys", rope))),
        "S6": ("dense less queries kept", lambda rope: (DENSE, half("queries", rope))),
        "S7": ("queries kept less Lighthouse", lambda rope: (half("queries", rope), part["finest", rope])),
    }
    for claim, (text, sides) in by_rope.items():
        for reading in READINGS:
            for rope in ROPES:
                yield Line(claim, text, rope, reading, *sides(rope))
    for reading in READINGS:
        for method in OTHERS:
            yield Line("S8", "method less Lighthouse", f"`{method}`", reading, method, part["finest", "before"])
    for reading in READINGS:
        for k, of_k in ((ALL, whole), (HALF, part)):
            after, before = of_k["finest", "after"], of_k["finest", "before"]
            yield Line("S9", "RoPE `after` less `before`", f"k = {k}", reading, after, before)
    for local in LOCAL:  # asked after rows were seen
        near, alone = half("queries", "before", local), half("queries", "before")
        yield Line("S10", "queries kept: last tokens too less without", f"last {local}", "prompt", near, alone)


def compared(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, Any]:
    """The first side's rows less the second's, by prompt."""
    pairs = align([first, second])
    hit, other = pairs[0] > 0, pairs[1] > 0
    both, gained, lost, neither = (int(x.sum()) for x in (hit & other, hit & ~other, ~hit & other, ~(hit | other)))
    interval = paired_difference(both, gained, lost, neither, LEVEL)
    logs = align([first, second], "answer_logprob").groupby("trial")[[0, 1]].mean()
    log = compare_trainings(logs[1].tolist(), logs[0].tolist(), paired=True, level=LEVEL)
    low, high = log.interval or (float("nan"), float("nan"))
    return {
        "found": f"{both + gained}, {both + lost} of {len(pairs)}",
        "difference": (gained - lost) / len(pairs),
        "low": interval.low,
        "high": interval.high,
        "gained": gained,
        "lost": lost,
        "p": mcnemar_exact(gained, lost),
        "log_difference": log.difference,
        "log_low": low,
        "log_high": high,
    }
