"""A suite on a checkpoint: a folder a task, each a run or a sweep, gone on with where it was stopped."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError
from lh_eval.modeling.settling import Settling
from lh_eval.runs.checking import check_settings
from lh_eval.runs.identity import deciding_config
from lh_eval.runs.run import Finished, run
from lh_eval.runs.setting import Setting
from lh_eval.runs.suite import Suite
from lh_eval.spec import slug
from lh_eval.store.files import read_json, write_json
from lh_eval.store.folder import config_differences

SUITE = "suite.json"


def run_suite(
    checkpoint: Checkpoint,
    suite: Suite,
    settings: Sequence[Setting],
    out: Path,
    *,
    batch_size: int | None = None,
    beyond_positions: bool = False,
    label: str | None = None,
    settling: Settling | None = None,
) -> list[Finished]:
    """Run every task under every setting; a folder that holds part of the same suite is completed.

    Args:
        checkpoint: what to evaluate.
        suite: the grids; each goes into a folder of `out` named after its task, with suite.json above them.
        settings: what each task runs under.
        out: the folder.
        batch_size: samples at once; what memory holds if None.
        beyond_positions: as in `run`.
        label: as in `run`.
        settling: as in `run`.

    Raises:
        InputError: what `run` refuses, of any task, or `out` holds something else; no sample was run then.
        Interrupted: the user stopped it.
    """
    for grid in suite.grids:
        check_settings(checkpoint, grid, settings, beyond_positions=beyond_positions, settling=settling)
    wanted = {
        "suite": suite.name,
        "runs": {
            slug(grid.task): {
                setting.name: deciding_config(checkpoint, grid, setting, settling) for setting in settings
            }
            for grid in suite.grids
        },
    }
    _claim(out, wanted)
    return [
        run(
            checkpoint,
            grid,
            settings,
            out / slug(grid.task),
            batch_size=batch_size,
            beyond_positions=beyond_positions,
            label=label,
            settling=settling,
        )
        for grid in suite.grids
    ]


def _claim(out: Path, wanted: dict[str, Any]) -> None:
    """Refuse a folder of another suite, model or setting before anything runs."""
    file = out / SUITE
    if file.exists():
        found = list(config_differences(read_json(file), wanted))
        if found:
            raise InputError(
                f"out must be a new folder or this suite's, got {out} which differs ({found[0]}); choose another --out"
            )
        return
    try:
        if out.exists() and any(out.iterdir()):
            raise InputError(f"out must be an empty folder or a suite, got {out}; choose another --out")
        out.mkdir(parents=True, exist_ok=True)
        write_json(file, wanted)
    except OSError as error:
        raise InputError(f"out must be a folder that can be written, got {out} ({error.strerror})") from None
