"""`lh-eval scorers` and `lh-eval tasks`: what there is to choose from, a line each."""

import dataclasses
import inspect
import json
from importlib import resources
from typing import Annotated, Any

import typer

from lh_eval.registry import Registry

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a line each.")]


def scorers(as_json: AsJson = False) -> None:
    """List the scorers and their options."""
    from lh_eval.scorers.base import SCORERS

    _show(SCORERS, as_json=as_json)


def tasks(
    as_json: AsJson = False,
    lm_eval_path: Annotated[
        bool, typer.Option("--lm-eval-path", help="Print the folder to give lm-eval as --include_path.")
    ] = False,
) -> None:
    """List the tasks and their options."""
    if lm_eval_path:
        typer.echo(lm_eval_folder())
        return
    from lh_eval.tasks.base import TASKS

    _show(TASKS, as_json=as_json)


def lm_eval_folder() -> str:
    """The folder of our tasks' YAML files for lm-eval."""
    return str(resources.files("lh_eval.tasks").joinpath("lm_eval"))


def describe(registry: Registry[Any]) -> list[dict[str, Any]]:
    """The name, options (with defaults; None where one must be given) and description of each plug-in."""
    entries = []
    for name in registry.names():
        cls = registry.get(name)
        fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
        options = {field.name: None if field.default is dataclasses.MISSING else field.default for field in fields}
        text = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
        entries.append({"name": name, "options": options, "description": text})
    return entries


def _show(registry: Registry[Any], *, as_json: bool) -> None:
    entries = describe(registry)
    if as_json:
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    specs = [_spec(entry["name"], entry["options"]) for entry in entries]
    width = max(map(len, specs), default=0)
    for spec, entry in zip(specs, entries, strict=True):
        typer.echo(f"{spec:<{width}}  {entry['description']}".rstrip())


def _spec(name: str, options: dict[str, Any]) -> str:
    shown = ",".join(f"{key}={'...' if value is None else value}" for key, value in options.items())
    return f"{name}:{shown}" if shown else name
