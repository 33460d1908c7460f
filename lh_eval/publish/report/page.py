"""From runs to one HTML page that needs nothing else: the template with its style sheet and script inlined.

Prompts and predictions are what a model or a stranger's file said: the template escapes everything, and the script puts
it into the page as text only. The same runs give the same bytes.
"""

import dataclasses
from collections.abc import Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any

from lh_eval.analysis.effective import RULER_THRESHOLD
from lh_eval.analysis.misses import misses
from lh_eval.analysis.models import model_names
from lh_eval.analysis.settings import describe_setting
from lh_eval.analysis.settling import Settled, settled
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.publish.report.cells import Cell, grid
from lh_eval.publish.report.failing import Shown, failing_samples, is_failing
from lh_eval.publish.report.prompts import PromptExcerpt, Prompts
from lh_eval.publish.report.summary import Summary, baseline_of, summarise
from lh_eval.store.run import Run

if TYPE_CHECKING:
    import pandas as pd


_PRINTED = 3  # failing samples of a setting on paper: with its heatmaps they are a page


@dataclasses.dataclass(frozen=True)
class Section:
    """What the page has of one run.

    Attributes:
        key: names it within the page.
        summary: its numbers.
        grid: its cells by depth and length.
        memberships: as `analysis.misses.misses` has them, a row a kind of tokens; none where nothing was selected.
        settled: where the tokens of its answers settle; None where that was not taken.
        settlings: the rows of its table.
        failing: how many samples fail.
        failures: those of them that are shown.
    """

    key: str
    summary: Summary
    grid: list[list[Cell]]
    memberships: list[dict[str, Any]]
    settled: Settled | None
    settlings: list[dict[str, Any]]
    failing: int
    failures: list[Shown]


def report(runs: Sequence[Run], prompts: Prompts, *, failures: int = 20) -> str:
    """The page of some runs.

    Args:
        runs: what is told of, in this order.
        prompts: how prompts are made again.
        failures: most failing samples that are shown of each run.

    Raises:
        InputError: a run holds no rows, or rows of several tasks.
    """
    for run in runs:
        if run.frame.empty:
            raise InputError(f"run must have rows, got {run.path} without; run lh-eval niah again, or leave it out")
    sections = []
    for number, (run, summary) in enumerate(zip(runs, _distinct_summaries(runs), strict=True)):
        depths = settled(run)
        sections.append(
            Section(
                key=f"s{number}",
                summary=summary,
                grid=grid(run, prompts, f"s{number}"),
                memberships=_known(misses({summary.setting: run.frame})),
                settled=depths,
                settlings=_known(depths.table) if depths else [],
                failing=int(is_failing(run.frame).sum()),
                failures=failing_samples(run, prompts, failures),
            )
        )
    return render(sections)


def _known(table: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of a table, what is unknown as None."""
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _distinct_summaries(runs: Sequence[Run]) -> list[Summary]:
    """The runs' numbers; before a setting's name stands its checkpoint, behind it its reading, where they differ.

    If need be its folder stands behind it too.
    """
    models = model_names(runs)
    summaries = [summarise(run, baseline_of(run, runs), model) for run, model in zip(runs, models, strict=True)]
    if len(set(models)) > 1:
        summaries = [
            dataclasses.replace(summary, setting=f"{summary.model or 'unnamed'}, {summary.setting}")
            for summary in summaries
        ]
    readings = [describe_setting(run).reading for run in runs]
    if len(set(readings)) > 1:
        summaries = [
            dataclasses.replace(summary, setting=f"{summary.setting} ({reading})")
            for summary, reading in zip(summaries, readings, strict=True)
        ]
    names = [(summary.task, summary.setting) for summary in summaries]
    return [
        dataclasses.replace(summary, setting=f"{summary.setting} ({summary.folder})")
        if names.count(name) > 1
        else summary
        for summary, name in zip(summaries, names, strict=True)
    ]


def render(sections: Sequence[Section]) -> str:
    """The page of what is told of runs."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    files = resources.files("lh_eval.publish.report") / "templates"
    environment = Environment(
        loader=PackageLoader("lh_eval.publish.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tokens"] = length_label
    summaries = [section.summary for section in sections]
    return environment.get_template("report.html").render(
        sections=sections,
        threshold=RULER_THRESHOLD,
        printed=_PRINTED,
        tasks=list(dict.fromkeys(summary.task for summary in summaries)),
        models=list(dict.fromkeys(summary.model for summary in summaries if summary.model)),
        settings=list(dict.fromkeys(summary.setting for summary in summaries)),
        lengths=sorted({cell.length for section in sections for row in section.grid for cell in row}),
        notes=_notes(sections),
        style=Markup((files / "report.css").read_text(encoding="utf-8")),
        script=Markup((files / "report.js").read_text(encoding="utf-8")),
    )


def _notes(sections: Sequence[Section]) -> dict[str, Any]:
    """What the script shows beside a cell: notes by the cell's key, and the prompts that they share."""
    prompts: list[Any] = []
    places: dict[PromptExcerpt, int] = {}
    cells = {}
    for section in sections:
        for cell in (cell for row in section.grid for cell in row):
            note: dict[str, Any] = {"title": f"{section.summary.setting}: {cell.title}", "lines": cell.lines}
            if (example := cell.example) is not None:
                if example.prompt not in places:
                    places[example.prompt] = len(prompts)
                    prompts.append(dataclasses.asdict(example.prompt))
                note |= {
                    "trial": example.trial,
                    "answer": example.answer,
                    "prediction": example.prediction,
                    "error": example.error,
                    "prompt": places[example.prompt],
                }
            cells[cell.key] = note
    return {"cells": cells, "prompts": prompts}
