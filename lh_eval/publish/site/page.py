"""From folders of runs to a site: index.html, reports/NAME.html and results/NAME.zip.

The index loads nothing; names in it are a stranger's text and are escaped. The same runs give the same bytes.
"""

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from lh_eval.analysis.models import model_names, model_of
from lh_eval.analysis.settings import describe_setting
from lh_eval.analysis.table import results_table
from lh_eval.errors import InputError
from lh_eval.lengths import length_label
from lh_eval.publish.report.page import report
from lh_eval.publish.report.prompts import Prompts
from lh_eval.publish.writing import write_text, writing
from lh_eval.spec import slug
from lh_eval.store.finding import find_runs
from lh_eval.store.run import SAMPLES, Run
from lh_eval.store.submission import pack


def write_site(folders: Sequence[Path], out: Path, prompts: Prompts, *, threshold: float) -> list[Path]:
    """Write the site; a folder's report and results have the folder's name.

    Args:
        folders: folders of runs, sweeps or suites, a report each.
        out: the site's folder.
        prompts: how the reports' prompts are made again.
        threshold: rate that the effective length must reach.

    Returns:
        index.html, then each folder's report and results.

    Raises:
        InputError: a folder holds no runs, two have one name, or the site cannot be written.
    """
    names = [slug(folder.resolve().name) for folder in folders]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"runs must have different names, got {twice!r} twice; rename a folder, or give the one above")
    found = [find_runs([folder]) for folder in folders]
    files = []
    for folder, name, runs in zip(folders, names, found, strict=True):
        files.append(write_text(out / "reports" / f"{name}.html", report(runs, prompts)))
        with writing(out / "results" / f"{name}.zip") as file:
            file.write_bytes(pack(folder))
            files.append(file)
    rows = _rows([run for runs in found for run in runs], threshold)
    linked = [name for name, runs in zip(names, found, strict=True) for _ in runs]
    for row, name in zip(rows, linked, strict=True):
        row["report"] = name
    return [write_text(out / "index.html", _render(rows, threshold)), *files]


def _rows(runs: Sequence[Run], threshold: float) -> list[dict[str, Any]]:
    """What the index says of each run; None where there is nothing."""
    table = results_table(runs, threshold=threshold)
    numbers = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    rows = []
    for run, model, own in zip(runs, model_names(runs), numbers, strict=True):
        counted = run.frame[run.frame["error"].isna()]
        longest = counted[counted["length"] == counted["length"].max()]
        recall, peaks = counted["selection_recall"].mean(), counted["peak_bytes"].dropna()
        setting = describe_setting(run)
        rows.append(
            {str(name): own[name] for name in own if isinstance(name, str)}
            | {
                "task": own["task"],
                "model": model or "unnamed",
                "setting": setting.label,
                "reading": setting.reading,
                "unfinished": own.get("unfinished") or None,
                "longest": None if counted.empty else int(counted["length"].max()),
                "seconds": None if counted.empty else float(longest["seconds"].mean()),
                "gib": None if peaks.empty else int(peaks.max()) / 2**30,
                "recall": None if recall != recall else float(recall),
                "weights": model_of(run).weights,
                "rows": hashlib.sha256((run.path / SAMPLES).read_bytes()).hexdigest(),
            }
        )
    return rows


def _render(rows: Sequence[dict[str, Any]], threshold: float) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    templates = resources.files("lh_eval.publish.site") / "templates"
    shared = resources.files("lh_eval.publish.report") / "templates" / "report.css"
    environment = Environment(
        loader=PackageLoader("lh_eval.publish.site", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["tokens"] = length_label
    return environment.get_template("site.html").render(
        rows=rows,
        threshold=threshold,
        tasks=sorted({row["task"] for row in rows}),
        models=sorted({row["model"] for row in rows}),
        style=Markup(shared.read_text(encoding="utf-8")),
        script=Markup((templates / "site.js").read_text(encoding="utf-8")),
    )
