"""Every run that is committed is read, and amounts to what its files say."""

from pathlib import Path

import pytest

from lh_eval.analysis.cells import metrics_of
from lh_eval.analysis.sweep import sweep_summary
from lh_eval.store.files import read_json
from lh_eval.store.run import METRICS, SAMPLES, read_run
from lh_eval.store.sweep import SWEEP, read_sweep

OUTPUTS = Path(__file__).parents[2] / "outputs"
TOPS = sorted({file.relative_to(OUTPUTS).parts[0] for file in OUTPUTS.rglob(SAMPLES)})


@pytest.mark.parametrize("top", TOPS)
def test_metrics_are_those_of_the_rows(top):
    for file in sorted((OUTPUTS / top).rglob(METRICS)):
        written, made = read_json(file.parent / METRICS), metrics_of(read_run(file.parent))
        # a cell has more columns now than when some of these were written
        made["cells"] = [
            {name: cell[name] for name in old} for old, cell in zip(written["cells"], made["cells"], strict=True)
        ]
        assert alike(made, written), file


@pytest.mark.parametrize("file", sorted(OUTPUTS.rglob(SWEEP)), ids=lambda file: file.parent.name)
def test_sweeps_are_those_of_their_runs(file):
    assert alike(sweep_summary(read_sweep(file.parent).runs), read_json(file))


def alike(made, written):
    """Equal but for the last digits, in which machines differ."""
    if isinstance(written, dict):
        return made.keys() == written.keys() and all(alike(made[name], value) for name, value in written.items())
    if isinstance(written, list):
        return len(made) == len(written) and all(map(alike, made, written))
    return made == (pytest.approx(written, rel=1e-12, abs=1e-12) if isinstance(written, float) else written)
