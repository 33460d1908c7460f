"""Tables of the grid over scorers and budgets, and of runs with fewer and fewer layers dense."""

from collections.abc import Sequence

import pandas as pd

from lh_eval.analysis.cells import cells_of
from lh_eval.lengths import length_label
from lh_eval.statistics import mean_of_rates, wilson
from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE
from lh_eval.studies.tables import Shown, block, rate, with_interval


def dense_block(cells: pd.DataFrame) -> str:
    """Hits of each length and depth."""
    shown = _hits(cells, "depth", "length").rename(columns=length_label, index=lambda depth: f"{depth:g} %")
    mean = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
    assert mean is not None
    whole = f"Dense attention: {cells['hits'].sum()} of {cells['n'].sum()}, "
    note = f"{whole}{with_interval(rate, mean.rate, *mean.interval)}. {each_interval(cells)}"
    return block(Shown(shown.rename_axis("depth").reset_index(), note), words=0)


def lighthouse_block(cells: pd.DataFrame) -> str:
    """Hits of each scorer and budget over the whole grid."""
    sums = cells[cells["setting"] != DENSE].groupby(["family", "budget"])[["hits", "n"]].sum().reset_index()
    shown = _hits(sums, "family", "budget").rename(columns="k = {:g}".format, index="`{}`".format)
    return block(Shown(shown.rename_axis("").reset_index(), each_interval(sums)), words=1)


def layers_block(dense: Run, runs: Sequence[Run]) -> str:
    """Hits with fewer and fewer layers dense, beside all of them, on the lengths and depths that all have."""
    lengths, depths = (set.intersection(*(set(one.config[name]) for one in runs)) for name in ("lengths", "depths"))
    rows = []
    for one in (dense, *runs):
        layers = _lighthouse_layers(one)
        cells = cells_of(one)
        cells = cells[cells["length"].isin(lengths) & cells["depth"].isin(depths)]
        hits, n = int(cells["hits"].sum()), int(cells["n"].sum())
        which = " to ".join(str(layer + 1) for layer in sorted({layers[0], layers[-1]})) if layers else "–"
        rows.append((len(layers), which, f"{hits} of {n}", with_interval(rate, hits / n, *wilson(hits, n))))
    columns = ["layers under Lighthouse", "which", "found", "rate (95 % interval)"]
    return block(Shown(pd.DataFrame(sorted(rows), columns=columns)), words=0)


def recall_block(cells: pd.DataFrame) -> str:
    """Selection recall where it says something: without lengths and budgets that keep everything; depth 0 apart."""
    known = cells.dropna(subset=["selection_recall"])
    for name in ("length", "budget"):
        known = known[known.groupby(name)["selection_recall"].transform("min") < 1]
    known = known.astype({"budget": int}).rename(columns={"family": "scorer", "budget": "k"})
    parts = []
    for own, end in ((known[known["depth"] > 0], ""), (known[known["depth"] == 0], " at 0 %")):
        means = own.pivot_table(index=["k", "scorer"], columns="length", values="selection_recall")
        names = {length: f"{length_label(length)}{end}" for length in own["length"].unique().tolist()}
        parts.append(means.map(rate).rename(columns=names))
    shown = pd.concat(parts, axis=1).rename_axis(columns=None).reset_index()
    shown.insert(0, "", "`" + shown.pop("scorer") + "`")
    depths = ", ".join(f"{depth:g}" for depth in sorted(set(known["depth"])) if depth)
    return block(Shown(shown, f"Means over depths {depths} %, and at depth 0 alone."), words=1)


def _hits(table: pd.DataFrame, rows: str, columns: str) -> pd.DataFrame:
    """Hits of n as text, sorted both ways."""
    hits = table["hits"].astype(str) + "/" + table["n"].astype(str)
    return table.assign(hits=hits).pivot(index=rows, columns=columns, values="hits").rename_axis(columns=None)


def _lighthouse_layers(one: Run) -> list[int]:
    """Layers that are not dense; the last layer of these runs is, so that the highest number is known."""
    attention = one.config["attention"]
    dense = attention["dense_layers"] if attention else [0]
    return sorted(set(range(max(dense))) - set(dense))


def each_interval(cells: pd.DataFrame) -> str:
    """Wilson's interval of each outcome in a table of hits."""
    outcomes = sorted({(int(h), int(n)) for h, n in zip(cells["hits"], cells["n"], strict=True)}, reverse=True)
    intervals = ((f"{h}/{n}", wilson(h, n)) for h, n in outcomes)
    return ", ".join(f"{text} is {low:.2g} to {high:.2g}" for text, (low, high) in intervals) + "."
