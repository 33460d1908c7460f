"""The caption of training curves: what was trained, what a switch did to each loss, and how both are measured."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from lh_eval.figures.curve_panels import TOGETHER, shared_spans
from lh_eval.lengths import length_label

if TYPE_CHECKING:
    import pandas as pd


def curves_caption(
    rows: "pd.DataFrame",
    switches: "pd.DataFrame",
    columns: Sequence[str],
    *,
    names: Mapping[str, str] | None = None,
    level_steps: int,
) -> str:
    """What the figure shows.

    Args:
        rows: as `curves_figure` takes them, with the column `seed`.
        switches: as `main_switches` makes them.
        columns: the losses.
        names: of the recipes in their files, by what the figure calls them, where that is something else.
        level_steps: steps that the level before a switch is the mean over.
    """
    runs = rows.drop_duplicates("run")
    names = {label: name for label, name in (names or {}).items() if label != name}
    recipes = "; ".join(
        f"{recipe} ({names[recipe] + ', ' if recipe in names else ''}"  # type: ignore[index]
        f"seed{'s' if len(own) > 1 else ''} {', '.join(map(str, sorted(own['seed'])))})"
        for recipe, own in runs.groupby("recipe", sort=False)
    )
    sentences = [
        f"Training loss ({', '.join(columns)}; nats per byte that the loss counts) over tokens; a line is the mean "
        "over a recipe's seeds, its band their range, left out where recipes share a panel that are more than "
        f"{TOGETHER}. A linear axis leaves the first losses out.",
        f"Recipes: {recipes}.",
        *_schedule(rows),
        *_switched(switches, columns, level_steps),
        "No test.",
    ]
    return " ".join(sentences)


def steps_text(recoveries: "pd.Series") -> str:
    """Steps to recover of several runs: `80`, `80 to 120`, `never`, or `80, never in 1 of 2`."""
    known = sorted({int(count) for count in recoveries.dropna()})
    if not known:
        return "never"
    text = str(known[0]) if len(known) == 1 else f"{known[0]} to {known[-1]}"
    lost = int(recoveries.isna().sum())
    return f"{text}, never in {lost} of {len(recoveries)}" if lost else text


def _schedule(rows: "pd.DataFrame") -> list[str]:
    lengths = shared_spans(rows, "length")
    if lengths is None:
        stripes = "Marks at the top: changes of a recipe's sequence length, which is not the same in all."
    else:
        spans = "; ".join(f"{length_label(int(value))} up to {high / 1e6:.3g}M" for _, high, value in lengths)
        stripes = f"Stripes: sequence lengths, {spans} tokens."
    stages = {(tokens, one, two) for _, own in rows.groupby("run") for tokens, one, two in _changes(own)}
    changes = "; ".join(f"{one} to {two} at {tokens / 1e6:.3g}M tokens" for tokens, one, two in sorted(stages))
    return [stripes, f"Vertical lines: switches of attention, {changes}." if changes else "Attention never switches."]


def _changes(rows: "pd.DataFrame") -> list[tuple[float, str, str]]:
    spans = shared_spans(rows, "attention") or []
    return [(after[0], before[2], after[2]) for before, after in pairwise(spans)]


def _switched(switches: "pd.DataFrame", columns: Sequence[str], level_steps: int) -> list[str]:
    """Each loss before the switch, its highest after it, and the steps until it is below the level before."""
    if switches.empty:
        return []
    sentences = [
        f"Other panels: steps around the switch. Dotted: the level before it, the mean over the last {level_steps} "
        "steps; then the highest loss after it, and the steps until it is first below that level (means over seeds; "
        "steps as a range):"
    ]
    for column in columns:
        own = switches[switches["column"] == column]
        parts = [
            f"{recipe} {one['before'].mean():.3f}, {one['highest'].mean():.3f}, {steps_text(one['recovery'])}"
            for recipe, one in own.groupby("recipe", sort=False)
        ]
        sentences += [f"{column}: {'; '.join(parts)}."] if parts else []
    changed = switches[switches["length"] != switches["to_length"]].drop_duplicates("recipe")
    if len(changed):
        which = "; ".join(
            f"{one['recipe']} from {length_label(int(one['length']))} to {length_label(int(one['to_length']))}"
            for one in changed.to_dict(orient="records")
        )
        sentences.append(f"There the sequence length changes too ({which}): the jump is not attention's alone.")
    return sentences
