"""`lh-eval scorers` and `lh-eval tasks`: what there is to choose from, and what one sample looks like."""

import dataclasses
import inspect
import json
import re
import sys
from typing import Annotated, Any

import typer

from lh_eval.cli.options import parse_depths, parse_lengths
from lh_eval.cli.shared import Seed
from lh_eval.errors import InputError
from lh_eval.registry import Registry, default_of, option_fields
from lh_eval.spec import format_value

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a line each.")]

tasks = typer.Typer(rich_markup_mode=None)


def scorers(as_json: AsJson = False) -> None:
    """List the scorers and their options."""
    from lh_eval.scorers.base import SCORERS

    _show(SCORERS, describe(SCORERS), as_json=as_json)


def methods(as_json: AsJson = False) -> None:
    """List the methods, ways of attending, and their options."""
    from lh_eval.methods.base import METHODS

    _show(METHODS, describe(METHODS), as_json=as_json)


@tasks.callback(invoke_without_command=True)
def _list(
    ctx: typer.Context,
    as_json: AsJson = False,
    lm_eval_path: Annotated[
        bool, typer.Option("--lm-eval-path", help="Print the folder to give lm-eval as --include_path.")
    ] = False,
) -> None:
    """List the tasks and their options, what they measure and where they are from; or show a sample."""
    if ctx.invoked_subcommand is not None:
        return
    if lm_eval_path:
        from lh_eval.integrations.lm_eval_yaml import lm_eval_folder

        typer.echo(lm_eval_folder())
        return
    from lh_eval.tasks.base import TASKS

    _show(TASKS, [entry | task_fields(TASKS.get(entry["name"])) for entry in describe(TASKS)], as_json=as_json)


@tasks.command()
def show(
    name: Annotated[str, typer.Argument(help="Task with options, such as niah_single_2 or kv:questions=4.")],
    length: Annotated[str, typer.Option(help="Tokens of the prompt, such as 4k.")] = "4k",
    depth: Annotated[str, typer.Option(help="Where the needle lies, percent.")] = "50",
    trial: Annotated[int, typer.Option(min=0, help="Number of the sample.")] = 0,
    seed: Seed = 0,
    model: Annotated[
        str | None, typer.Option(help="Checkpoint whose tokenizer it is made with; the shipped one if not given.")
    ] = None,
) -> None:
    """Print one sample: its exact prompt with the needles marked, question, answer and tokens."""
    lengths, depths = parse_lengths(length), parse_depths(depth)
    if len(lengths) > 1 or len(depths) > 1:
        raise InputError(f"length and depth must be one each, got {length} and {depth}; show one sample at a time")

    from lh_eval.checkpoints.loading import load_tokenizer
    from lh_eval.cli.sample_text import describe_sample, marked_prompt
    from lh_eval.tasks.base import get_task

    task = get_task(name)
    tokenizer = load_tokenizer(model)
    sample = task.sample(tokenizer, length=lengths[0], depth=depths[0], trial=trial, seed=seed)
    marks = ("\x1b[7m", "\x1b[27m") if sys.stdout.isatty() else (">>>", "<<<")
    typer.echo(marked_prompt(tokenizer, sample, marks=marks))
    typer.echo("-" * 80)
    for line in describe_sample(tokenizer, sample):
        typer.echo(line)


def describe(registry: Registry[Any]) -> list[dict[str, Any]]:
    """The name, options (with defaults; None where one must be given) and description of each plug-in."""
    entries = []
    for name in registry.names():
        cls = registry.get(name)
        options = {
            name: None if default_of(field) is dataclasses.MISSING else default_of(field)
            for name, field in option_fields(cls).items()
            if name != "version"  # which only rows of before a change are made with
        }
        text = inspect.cleandoc(cls.__doc__ or "").partition("\n")[0]
        entries.append({"name": name, "options": options, "description": text})
    return entries


def task_fields(cls: type) -> dict[str, Any]:
    """What a task's docstring says after `Measures:` and `Source:`, and whether the depth moves its needle."""
    text = inspect.cleandoc(cls.__doc__ or "")
    fields: dict[str, Any] = {}
    for name in ("measures", "source"):
        match = re.search(rf"^{name.title()}: (.*?)(?=\n\w+:|\n\n|\Z)", text, re.DOTALL | re.MULTILINE)
        fields[name] = " ".join(match[1].split()) if match else None
    return {**fields, "uses_depth": getattr(cls, "uses_depth", True)}


_WIDEST = 44  # a longer name with its options has a line of its own


def _show(registry: Registry[Any], entries: list[dict[str, Any]], *, as_json: bool) -> None:
    for name, reason in registry.broken().items():
        typer.echo(f"{name} cannot be loaded: {reason}", err=True)
    if as_json:
        typer.echo(json.dumps(entries, indent=2, ensure_ascii=False))
        return
    specs = [_spec(entry["name"], entry["options"]) for entry in entries]
    width = max((len(spec) for spec in specs if len(spec) <= _WIDEST), default=0)
    for spec, entry in zip(specs, entries, strict=True):
        if len(spec) > width:
            typer.echo(spec)
            spec = ""
        typer.echo(f"{spec:<{width}}  {entry['description']}".rstrip())
        for field in ("measures", "source"):
            if entry.get(field):
                typer.echo(f"{'':<{width}}    {field}: {entry[field]}")


def _spec(name: str, options: dict[str, Any]) -> str:
    shown = ",".join(f"{key}={'...' if value is None else format_value(value)}" for key, value in options.items())
    return f"{name}:{shown}" if shown else name
