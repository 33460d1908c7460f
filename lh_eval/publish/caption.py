"""What a caption says of the runs behind a figure: task, model, grid, samples, seeds and weights."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.models import model_names, model_of
from lh_eval.analysis.off_depths import points_off
from lh_eval.analysis.progress import unfinished_note
from lh_eval.analysis.settings import setting_label
from lh_eval.figures.captions import places, readings, samples_per_cell
from lh_eval.lengths import DEPTH_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from lh_eval.analysis.seeds import SeededRun
    from lh_eval.store.run import Run


def subject(runs: "Sequence[Run]") -> str:
    """The task and the checkpoint that all runs share, as far as their configurations say."""
    groups = [(set(run.frame["task"]) or {run.config.get("task")}, {name}) for run, name in _named(runs)]
    shared = [names for names in (set.union(*part) for part in zip(*groups, strict=True)) if len(names) == 1]
    return ", ".join(name for (name,) in shared if isinstance(name, str) and name)


def _named(runs: "Sequence[Run]") -> "Iterable[tuple[Run, str]]":
    return zip(runs, model_names(runs), strict=True)


def measured(runs: "list[Run]", cells: "pd.DataFrame") -> str:
    """Task, model, grid, samples a cell and seeds, readings, in sentences."""
    tasks = ", ".join(sorted({task for run in runs for task in run.frame["task"]}))
    seeds = sorted({int(seed) for run in runs for seed in run.frame["seed"]})
    models = list(dict.fromkeys(_model_text(name, run) for run, name in _named(runs)))
    model_text = f"model{'s' if len(models) > 1 else ''} {', '.join(models)}"
    failed = sum(int(run.frame["error"].notna().sum()) for run in runs)
    sentences = [
        f"Task {tasks}; {model_text}; {samples_per_cell(cells['n'])} samples per cell, {int(cells['n'].sum())} in all; "
        f"seed{'s' if len(seeds) != 1 else ''} {', '.join(map(str, seeds)) or 'none'}.",
        places(cells),
        *_off_depths(runs),
        *readings(cells),
        *([f"{failed} samples failed and are not counted."] if failed else []),
        *filter(None, [unfinished_note((setting_label(run), run) for run in runs)]),
    ]
    return " ".join(sentences)


def _model_text(name: str, run: "Run") -> str:
    """What a run's checkpoint is called, what it is named where that is not it, and its weights."""
    model = model_of(run)
    known = [model.name] if model.label and model.name != model.label else []
    known += [f"weights sha256 {model.weights[:12]}"] if model.weights else []
    return f"{name or 'unnamed'}" + (f" ({', '.join(known)})" if known else "")


def trained(runs: "Sequence[SeededRun]", cells: "pd.DataFrame") -> str:
    """Task, grid and samples a cell of several trainings, how they were evaluated, and whose weights they are."""
    named: dict[str, list[str]] = {}
    settings: dict[str, str] = {}
    for recipe, seed, run in runs:
        model = run.config.get("model")
        weights = model.get("weights_sha256") if isinstance(model, dict) else None
        named.setdefault(recipe, []).append(f"{seed} ({weights[:12]})" if weights else str(seed))
        settings[recipe] = setting_label(run)
    kinds = set(settings.values())
    how = f"setting {kinds.pop()}" if len(kinds) == 1 else "settings " + ", ".join(map(": ".join, settings.items()))
    asked = sorted({int(seed) for one in runs for seed in one.run.frame["seed"]})
    failed = sum(int(one.run.frame["error"].notna().sum()) for one in runs)
    task = ", ".join(sorted({task for one in runs for task in one.run.frame["task"]}))
    sentences = [
        f"Task {task}; {how}; {samples_per_cell(cells['n'])} samples per cell and training, "
        f"{int(cells['n'].sum())} in all; seed{'s' if len(asked) != 1 else ''} of the samples "
        f"{', '.join(map(str, asked)) or 'none'}.",
        places(cells),
        *_off_depths(one.run for one in runs),
        *readings(cells),
        *([f"{failed} samples failed and are not counted."] if failed else []),
        *filter(None, [unfinished_note((f"{recipe} seed {seed}", run) for recipe, seed, run in runs)]),
        "Training seeds (weights sha256): "
        + "; ".join(f"{recipe} {', '.join(seeds)}" for recipe, seeds in named.items())
        + ".",
    ]
    return " ".join(sentences)


def _off_depths(runs: "Iterable[Run]") -> list[str]:
    """A sentence where needles are further from their depths than a run of today allows unasked."""
    off = points_off(run.frame for run in runs)
    return [f"Needles start up to {off:.1f} points of the context off these depths."] if off > DEPTH_TOLERANCE else []


def of_comparison(values: "Mapping[str, Any]", names: tuple[str, str]) -> str:
    """What a difference heatmap of two sides shows.

    Args:
        values: as `comparison_values` makes them.
        names: of both sides.
    """
    whole, level = values["overall"], values["level"]
    p = "none" if whole["p"] is None else f"{whole['p']:.2g}" if whole["p"] >= 1e-4 else "< 0.0001"
    interval = "no interval"
    if whole["ci_low"] is not None:
        interval = f"{level:.0%} interval {whole['ci_low']:+.3f} to {whole['ci_high']:+.3f}"
    sides = []
    for name, runs in zip(names, (values["a"], values["b"]), strict=True):
        models = [
            f"{run['model']}"
            + (f" (weights sha256 {run['weights_sha256'][:12]})" if run["weights_sha256"] else "")
            + (f" of training seed {run['training_seed']}" if run["training_seed"] is not None else "")
            + (f", reading {run['reading']}" if "reading" in run else "")
            for run in runs
        ]
        sides.append(f"{name}: {', '.join(models)}.")
    return (
        f"Retrieval rate of {names[1]} less that of {names[0]} by context length and needle depth; under each "
        "difference the samples gained and lost, where there are any; hatched: below 0; "
        f"framed: p < {1 - level:.2g} after Holm. "
        f"Task {values['a'][0]['task']}. {' '.join(sides)} Mean over cells {whole['rate_b']:.3f} less "
        f"{whole['rate_a']:.3f}: {whole['difference']:+.3f} ({interval}, p {p}), {whole['pairs']} pairs in "
        f"{whole['cells']} cells. "
        f"{'. '.join(values['notes'])}."
    )
