"""Interventions: the same prompts with entries forced in and out, a run folder a condition, resumed like a sweep."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError
from lh_eval.methods.base import AttentionMethod, Method
from lh_eval.modeling.layers import layers_of
from lh_eval.runs.grid import Grid
from lh_eval.runs.run import Finished, run
from lh_eval.runs.setting import Setting, resolve_setting

CONDITIONS: tuple[Mapping[str, str], ...] = (
    {"needle": "in"},
    {"needle": "out"},
    {"question": "in"},
    {"question": "out"},
    *({"needle": needle, "question": question} for needle in ("in", "out") for question in ("in", "out")),
    {"sham": "in"},
    {"sham": "out"},
)


def intervene(
    checkpoint: Checkpoint,
    grid: Grid,
    setting: Setting | Method | str = "lighthouse",
    out: str | Path | None = None,
    *,
    conditions: Sequence[Mapping[str, str]] = CONDITIONS,
    layers: Sequence[int] = (),
    by_layer: bool = False,
    batch_size: int | None = None,
    beyond_positions: bool = False,
) -> Finished:
    """Run a setting as it is, and under each condition; see `lh_eval.methods.forced` for what is forced how.

    Args:
        checkpoint: what to evaluate.
        grid: the samples, the same under all conditions.
        setting: what is intervened on; its prompts are read whole.
        out: the sweep's folder, in it one a condition; as in `run`.
        conditions: what becomes of `needle`, `question` and `sham`, each "in" or "out"; what is left out is natural.
        layers: layers in which it is done, together; all under the setting if none is named.
        by_layer: each layer by itself instead, those of `layers` or all.
        batch_size: as in `run`.
        beyond_positions: as in `run`.

    Raises:
        InputError: the method has no entries that can be forced, or what `run` refuses.
        Interrupted: the user stopped it; the same call goes on.
    """
    natural = resolve_setting(setting, checkpoint.defaults, "prompt")
    if natural.reading != "prompt":
        raise InputError(f"reading must be prompt for interventions, got {natural.reading}; the question is read then")
    if not conditions:
        raise InputError("conditions must be at least one, got none; the setting alone is a run")
    named: list[Any] = [tuple(layers)]
    if by_layer:
        named = [(layer,) for layer in layers or _layers_under(checkpoint, natural.method)]
    forced = [
        Setting(natural.method.intervened(**condition, layers=own), "prompt")
        for own in named
        for condition in conditions
    ]
    return run(checkpoint, grid, [natural, *forced], out, batch_size=batch_size, beyond_positions=beyond_positions)


def _layers_under(checkpoint: Checkpoint, method: Method) -> list[int]:
    """The layers that a method takes over."""
    dense = method.dense_layers if isinstance(method, AttentionMethod) else ()
    return sorted(layers_of(checkpoint.model, dense))
