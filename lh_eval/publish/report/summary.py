"""What the page's tables say of a run: rates with intervals, beside dense on the same samples, and where it is from."""

import dataclasses
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lh_eval.analysis.area import Area, area_over_length
from lh_eval.analysis.cells import cells_of
from lh_eval.analysis.compare import difference
from lh_eval.analysis.effective import effective_length, rates_by_length
from lh_eval.analysis.pairing import questions_of_task
from lh_eval.analysis.progress import Progress, unfinished
from lh_eval.analysis.settings import setting_label
from lh_eval.errors import InputError
from lh_eval.statistics import MeanRate, mean_of_rates
from lh_eval.store.run import CONFIG, SAMPLES, Run
from lh_eval.tasks.base import canonical_task


@dataclasses.dataclass(frozen=True)
class Summary:
    """The numbers of one run.

    Attributes:
        task: its task spec.
        setting: how the model attended.
        folder: of the run, and the one above it.
        model: what the checkpoint is called.
        mean: over the cells; None where no sample could be run.
        by_length: mean over depths of each length.
        n: samples that count.
        errors: samples that failed to run.
        unfinished: how far a run is that has samples to go; None where it has none.
        recall: mean selection recall of the cells; None where nothing was selected.
        area: area under the rate over the logarithm of the length; None of a single length.
        effective: longest length that passes with all shorter ones, RULER's threshold; None where none does.
        difference: from dense on the same samples, as `compare.difference` has it; None where there is none.
        compared: why there is no difference; empty where there is.
        facts: names and values of config.json, and hashes of the files.
    """

    task: str
    setting: str
    folder: str
    model: str
    mean: MeanRate | None
    by_length: dict[int, MeanRate]
    n: int
    errors: int
    unfinished: Progress | None
    recall: float | None
    area: Area | None
    effective: int | None
    difference: dict[str, Any] | None
    compared: str
    facts: tuple[tuple[str, str], ...]


def summarise(run: Run, baseline: Run | None, model: str) -> Summary:
    """The numbers of a run, beside the dense one of `baseline_of`; `model` is what its checkpoint is called."""
    cells = cells_of(run)
    by_length = rates_by_length(cells)
    apart, why = _compare(run, baseline)
    recall = float(cells["selection_recall"].mean())
    path = run.path.resolve()
    task = str(run.config.get("task", path.name))
    return Summary(
        task=task,
        setting=setting_label(run),
        folder=f"{path.parent.name}/{path.name}",
        model=model,
        mean=mean_of_rates(cells["hits"].tolist(), cells["n"].tolist()),
        by_length=by_length,
        n=int(cells["n"].sum()),
        errors=int(run.frame["error"].notna().sum()),
        unfinished=unfinished(run),
        recall=None if recall != recall else recall,
        area=area_over_length(run.frame, questions=questions_of_task(task)),
        effective=effective_length({length: mean.rate for length, mean in by_length.items()}),
        difference=apart,
        compared=why,
        facts=(*_facts(run.config), *_hashes(run)),
    )


def baseline_of(run: Run, runs: Sequence[Run]) -> Run | None:
    """The dense run of the same task, model and seed: the one beside it, else the first; None for a dense one."""
    if _is_dense(run):
        return None
    same = [
        other
        for other in runs
        if _is_dense(other)
        and canonical_task(str(run.config.get("task"))) == canonical_task(str(other.config.get("task")))
        and all(run.config.get(name) == other.config.get(name) for name in ("model", "seed"))
    ]
    beside = [other for other in same if other.path.resolve().parent == run.path.resolve().parent]
    return next(iter([*beside, *same]), None)


def _is_dense(run: Run) -> bool:
    return "attention" in run.config and run.config["attention"] is None


def _compare(run: Run, baseline: Run | None) -> tuple[dict[str, Any] | None, str]:
    if baseline is None:
        return None, "dense itself" if _is_dense(run) else "no dense run"
    try:
        apart = difference(run.frame, baseline.frame)
    except InputError:
        return None, "other prompts"
    return apart, "" if apart else "no common samples"


def _facts(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """The configuration's values, nested ones as `model.name`."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _facts(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            yield f"{prefix}{name}", ", ".join(map(str, value))
        else:
            yield f"{prefix}{name}", "dense" if (prefix, name, value) == ("", "attention", None) else str(value)


def _hashes(run: Run) -> Iterator[tuple[str, str]]:
    for name in (CONFIG, SAMPLES):
        yield f"sha256 of {name}", hashlib.sha256((run.path / name).read_bytes()).hexdigest()
