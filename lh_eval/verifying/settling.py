"""Whether a row has the settling depths that its run's configuration says were taken, and none else."""

from collections.abc import Iterator, Mapping
from typing import Any

from lh_eval.store.rows import Row


def settling_problems(config: Mapping[str, Any], row: Row) -> Iterator[str]:
    """What is wrong with a row's settling depths."""
    options = config.get("settling")
    layers = options.get("layers") if isinstance(options, dict) else None
    taken = isinstance(layers, int) and row.error is None
    generated = row.scoring != "choice"
    for name, wanted in (("answer_settling", taken), ("prediction_settling", taken and generated)):
        depths = getattr(row, name)
        if (depths is not None) != wanted:
            yield f"{name} must be {'known' if wanted else 'none'} as config.json says, got {depths}"
        elif depths and max(depths) > layers:
            yield f"{name} must be at most the {layers} layers of config.json, got {max(depths)}"
    if row.answer_settling == ():
        yield "answer_settling must have a depth of each of the answer's tokens, got none"
