"""Whether what was computed of rows is what they give: metrics.json and sweep.json, computed again."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from lh_eval.analysis.cells import metrics_of
from lh_eval.store.files import Samples
from lh_eval.store.run import Run, as_run

_TOLERANCE = 1e-9  # relative: means and quantiles of another machine's libraries


def differences(kept: Any, computed: Any, place: str = "") -> Iterator[str]:
    """Where a file's values are not those computed again, as `cells[3].rate must be 0.5, got 1`.

    What the file does not have is not looked for: later releases keep more.
    """
    if isinstance(kept, Mapping) and isinstance(computed, Mapping):
        for name in kept:
            if name not in computed:
                yield f"{place}{name} must not be there, got {json.dumps(kept[name])}"
            else:
                yield from differences(kept[name], computed[name], f"{place}{name}.")
    elif isinstance(kept, list) and isinstance(computed, list | tuple) and len(kept) == len(computed):
        for number, (left, right) in enumerate(zip(kept, computed, strict=True)):
            yield from differences(left, right, f"{place.rstrip('.')}[{number}].")
    elif not _same(kept, computed):
        yield f"{place.rstrip('.')} must be {json.dumps(computed)}, got {json.dumps(kept)}"


def is_of_before(kept: Mapping[str, Any], run: Run, samples: Samples) -> int | None:
    """How many rows metrics.json was computed of, where a kill came before it was written again; None if of none.

    Args:
        kept: what metrics.json holds.
        run: the run with all rows.
        samples: its rows in the order written.
    """
    counted = [kept.get(name) for name in ("n", "errors")]
    if not all(isinstance(value, int) for value in counted):
        return None
    wanted, seen = sum(counted), set()  # type: ignore[arg-type]
    for number, row in enumerate(samples.rows[:-1], start=1):
        seen.add(row.key)
        if len(seen) == wanted:
            part = Samples(samples.rows[:number], samples.links[:number], 0)
            if not any(differences(kept, metrics_of(as_run(run.path, run.config, part)))):
                return number
    return None


def _same(kept: Any, computed: Any) -> bool:
    numbers = (int, float)
    if isinstance(computed, numbers):
        return isinstance(kept, numbers) and math.isclose(kept, computed, rel_tol=_TOLERANCE, abs_tol=1e-12)
    return bool(kept == computed)
