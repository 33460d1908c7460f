"""What tables and figures call the checkpoint of a run: its label, or its name with what tells it from others."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from lh_eval.store.digest import PROVENANCE
from lh_eval.store.run import Run

_SHOWN = 8  # digits of a hash that tell two checkpoints apart


class Model(NamedTuple):
    """Which checkpoint a run is of, as far as its configuration says.

    label: what whoever ran it called it; empty where they did not.
    name: the folder's or the hub's; empty in runs that do not say.
    weights: SHA-256 of the weights.
    template: the chat template that prompts were put into, whatever a run keeps of it; None where they were not.
    """

    label: str
    name: str
    weights: str | None
    template: str | None


def model_of(run: Run) -> Model:
    """The checkpoint of a run."""
    recorded: Any = run.config.get("model")
    named = recorded if isinstance(recorded, dict) else {"name": recorded}
    name, weights = named.get("name"), named.get("weights_sha256")
    label = (run.config.get(PROVENANCE) or {}).get("label")
    prompt = run.config.get("prompt")
    template = prompt.get("template") if isinstance(prompt, dict) else None
    return Model(
        label if isinstance(label, str) else "",
        name if isinstance(name, str) else "",
        weights if isinstance(weights, str) else None,
        None if template is None else str(template),
    )


def model_names(runs: Sequence[Run]) -> list[str]:
    """What each run's checkpoint is called beside the others'; empty where a run does not say.

    Runs of one checkpoint have one name. Of several that share a name, those with a chat template are called `chat`,
    and where that is not enough, the first digits of the weights' hash stand behind it.
    """
    models = [model_of(run) for run in runs]
    names = {model: model.label or model.name for model in models}
    names = _told_apart(names, {model: "chat" if model.template is not None else "" for model in names})
    names = _told_apart(names, {model: (model.weights or "unknown")[:_SHOWN] for model in names})
    return [names[model] for model in models]


def _told_apart(names: dict[Model, str], marks: dict[Model, str]) -> dict[Model, str]:
    """The names, with the marks behind those that several checkpoints share, where the marks differ."""
    found = {}
    for model, name in names.items():
        others = {marks[other] for other in names if names[other] == name}
        found[model] = f"{name} {marks[model]}".strip() if len(others) > 1 else name
    return found
