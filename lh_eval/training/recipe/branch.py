"""Branches: trainings that go on from one trunk's weights, optimiser state and data order.

A branch's own config says what comes after the trunk; put behind the trunk's it is a `TrainingConfig` like any other.
"""

import dataclasses
import json
from typing import Any

from lh_eval.errors import InputError
from lh_eval.training.recipe.config import TrainingConfig

_OWN = {"name", "seed", "lighthouse", "dense_layers", "optimizer", "phases", "stages", "keep", "keep_state", "trunk"}
_SAVED = ("betas", "weight_decay")  # lie in the optimiser's state


def branch_of(trunk: TrainingConfig, weights_sha256: str, config: TrainingConfig) -> TrainingConfig:
    """The whole training of a branch.

    Args:
        trunk: what was trained; its phases have the steps that they took.
        weights_sha256: hash of the weights in its last state.
        config: the branch's own phases and stages; its seed becomes the trunk's.

    Raises:
        InputError: the branch has another model, text or precision than its trunk, or gates.
    """
    for field in dataclasses.fields(TrainingConfig):
        own, given = getattr(config, field.name), getattr(trunk, field.name)
        if field.name not in _OWN and own != given:
            raise InputError(f"{field.name} must be the trunk's {given!r}, got {own!r}; extend its file")
    for name in _SAVED:
        own, given = getattr(config.optimizer, name), getattr(trunk.optimizer, name)
        if own != given:
            raise InputError(f"{name} must be the trunk's {given!r}, got {own!r}; it is part of the saved state")
    if config.gated:
        raise InputError("phases must have no gate in a branch; give it to the trunk")
    record: dict[str, Any] = {
        "steps": trunk.steps,
        "weights_sha256": weights_sha256,
        "config": json.loads(json.dumps(trunk.to_dict())),
    }
    phases = tuple(dataclasses.replace(phase, gate=None) for phase in trunk.phases)
    return dataclasses.replace(
        config,
        seed=trunk.seed,
        phases=(*phases, *config.phases),
        stages=(*trunk.stages, *config.stages),
        trunk=record,
    )
