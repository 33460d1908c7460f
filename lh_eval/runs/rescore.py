"""Scoring stored rows again, by the same rule or another, without the model."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from lh_eval.analysis.cells import metrics_of
from lh_eval.errors import InputError
from lh_eval.scoring.base import get_rule, score_text
from lh_eval.store.checking import check_samples
from lh_eval.store.digest import DIGESTS
from lh_eval.store.files import read_json, read_samples
from lh_eval.store.folder import PROVENANCE, RunFolder
from lh_eval.store.rows import Row
from lh_eval.store.run import CONFIG, SAMPLES, read_config


class Rescored(NamedTuple):
    """A run with its rows scored again.

    path: the run's folder.
    before: its rows, the last one of each sample.
    after: the same with their new scores; a row with an error has none.
    """

    path: Path
    before: list[Row]
    after: list[Row]

    @property
    def changed(self) -> int:
        """Rows whose score is another."""
        return sum(old.score != new.score for old, new in zip(self.before, self.after, strict=True))


def rescore(path: str | Path, scoring: str | None = None) -> Rescored:
    """Score a run's rows again; nothing is written.

    Args:
        path: the run's folder.
        scoring: the rule's name; each row's own if None.

    Raises:
        InputError: no such rule, the folder is no run, its rows are corrupt, or their answers do not suit the rule.
    """
    path = Path(path)
    if scoring is not None:
        get_rule(scoring)
    config, samples = read_config(path), read_samples(path / SAMPLES)
    check_samples(path / SAMPLES, config, samples)
    newest = {row.key: row for row in samples.rows}
    before = [newest[key] for key in sorted(newest)]
    return Rescored(path, before, [_scored(row, scoring or row.scoring) for row in before])


def write_rescored(rescored: Rescored, out: str | Path, scoring: str | None = None) -> dict[str, Any]:
    """Write the run with its new scores into a new folder, and return what its metrics.json holds.

    Args:
        rescored: what `rescore` made.
        out: the folder; new or empty.
        scoring: the rule that it was made by.

    Raises:
        InputError: the folder holds something, or cannot be written.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"out must be a new or empty folder, got {out} which holds something; choose another --out")
    config = read_json(rescored.path / CONFIG)
    provenance = {**config.get(PROVENANCE, {}), "rescored_from": rescored.path.resolve().name, DIGESTS: True}
    with RunFolder.open(out, {**config, "rescored": scoring or "as before", PROVENANCE: provenance}) as run:
        for row in rescored.after:
            run.append(row)
        metrics = metrics_of(run.as_run())
        run.finish(metrics)
        return metrics


def _scored(row: Row, scoring: str) -> Row:
    if row.error is not None:
        return row
    if scoring == "choice" != row.scoring:
        raise InputError("scoring must be one for generated text, got choice for rows that were generated")
    assert row.prediction is not None
    assert row.answers is not None
    return dataclasses.replace(row, scoring=scoring, score=score_text(scoring, row.prediction, row.answers))
