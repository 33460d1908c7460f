"""Tables of the pretrained checkpoint in docs/findings.md, from its committed rows.

    python benchmarks/smollm2.py

puts them between `<!-- smollm2: NAME -->` and `<!-- /smollm2 -->`. The same rows give the same bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from tables import fill, markdown, rate

from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.settings import setting_cells
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.statistics import mean_of_rates, wilson
from lh_eval.store.run import Run, read_run
from lh_eval.store.sweep import DENSE, read_sweep

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "findings.md"
GRID, LAYERS = (ROOT / "outputs" / name for name in ("smollm2-niah", "smollm2-layers"))
KIND = "smollm2"


def make_blocks(grid: Path = GRID, layers: Path = LAYERS) -> dict[str, str]:
    """Every block by its name."""
    runs = read_sweep(grid).runs
    few = [read_run(path.parent) for path in layers.glob("*/config.json")]
    return {
        "dense": dense_block(runs[DENSE]),
        "lighthouse": lighthouse_block(setting_cells(runs)),
        "layers": layers_block(runs[DENSE], few),
        "recall": recall_block(setting_cells(runs)),
    }


def dense_block(run: Run) -> str:
    """Hits of each length and depth."""
    cells = cells_of(run)
    shown = pd.DataFrame({"depth": [f"{depth:g} %" for depth in sorted(set(cells["depth"]))]})
    for length, column in cells.sort_values("depth").groupby("length"):
        shown[length_label(int(length))] = [f"{h}/{n}" for h, n in zip(column["hits"], column["n"], strict=True)]
    mean = mean_of_rates(cells["hits"].tolist(), cells["n"].tolist())
    assert mean is not None
    low, high = mean.interval
    whole = f"Dense attention: {cells['hits'].sum()} of {cells['n'].sum()}, {mean.rate:.2f} ({low:.2f} to {high:.2f})"
    return markdown(shown, words=0, note=f"{whole}. {_each_interval(cells)}")


def lighthouse_block(cells: pd.DataFrame) -> str:
    """Hits of each scorer and budget over the whole grid."""
    sums = cells[cells["setting"] != DENSE].groupby(["family", "budget"])[["hits", "n"]].sum().reset_index()
    shown = pd.DataFrame({"": [f"`{scorer}`" for scorer in dict.fromkeys(sums["family"])]})
    for k, column in sums.groupby("budget"):
        shown[f"k = {k:g}"] = [f"{h}/{n}" for h, n in zip(column["hits"], column["n"], strict=True)]
    return markdown(shown, words=1, note=_each_interval(sums))


def layers_block(dense: Run, runs: Sequence[Run]) -> str:
    """Hits with fewer and fewer layers dense, beside all of them, on the lengths and depths that all have."""
    rows = []
    for run in (dense, *runs):
        layers = _lighthouse_layers(run)
        lengths, depths = (set.intersection(*(set(one.config[name]) for one in runs)) for name in ("lengths", "depths"))
        cells = cells_of(run)
        cells = cells[cells["length"].isin(lengths) & cells["depth"].isin(depths)]
        hits, n = int(cells["hits"].sum()), int(cells["n"].sum())
        low, high = wilson(hits, n)
        which = f"{layers[0] + 1} to {layers[-1] + 1}" if len(layers) > 1 else "".join(str(i + 1) for i in layers)
        result = f"{hits / n:.2f} ({low:.2f} to {high:.2f})"
        rows.append((len(layers), which or "–", f"{hits} of {n}", result))
    columns = ["layers under Lighthouse", "which", "found", "rate (95 % interval)"]
    return markdown(pd.DataFrame(sorted(rows), columns=columns), words=0)


def recall_block(cells: pd.DataFrame) -> str:
    """Selection recall where it says something: lengths and budgets that keep everything are left out."""
    known = cells.dropna(subset=["selection_recall"])
    lengths = [int(length) for length, own in known.groupby("length") if (own["selection_recall"] < 1).any()]
    budgets = [int(k) for k, own in known.groupby("budget") if (own["selection_recall"] < 1).any()]
    rows = []
    for k in budgets:
        for scorer, own in known[known["budget"] == k].groupby("family"):
            means = own.groupby("length")["selection_recall"].mean()
            rows.append([f"`{scorer}`", str(k), *(rate(means[length]) for length in lengths)])
    return markdown(pd.DataFrame(rows, columns=["", "k", *map(length_label, lengths)]), words=1)


def _lighthouse_layers(run: Run) -> list[int]:
    """Layers that are not dense; the last layer of these runs is, so that the highest number is known."""
    attention = run.config["attention"]
    if attention is None:
        return []
    dense = attention["dense_layers"]
    return sorted(set(range(max(dense))) - set(dense))


def _each_interval(cells: pd.DataFrame) -> str:
    """Wilson's interval of each outcome in a table of hits."""
    outcomes = sorted({(int(h), int(n)) for h, n in zip(cells["hits"], cells["n"], strict=True)}, reverse=True)
    intervals = ((f"{h}/{n}", wilson(h, n)) for h, n in outcomes)
    return ", ".join(f"{text} is {low:.2g} to {high:.2g}" for text, (low, high) in intervals) + "."


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the page's blocks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--page", type=Path, default=PAGE, help="page whose blocks are filled")
    options = parser.parse_args(arguments)
    try:
        changed = fill(options.page, KIND, make_blocks())
    except InputError as error:
        sys.exit(f"smollm2.py: error: {error}")
    print(f"{options.page}: {'filled anew' if changed else 'as it was'}")


if __name__ == "__main__":
    main()
