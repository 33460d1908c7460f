"""Run files: a command's options as TOML, read by `--config` and written beside the run that they made."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lh_eval.cli.panels import OUTPUT
from lh_eval.errors import InputError, unknown_name

NAME = "run.toml"
_OF_THE_CALL = ("dry_run", "out")  # what says where and how to run, not what
# a file that was passed on must not be what lets a checkpoint's code run
_TYPED = ("trust_remote_code",)


def _read(ctx: typer.Context, path: Path | None) -> Path | None:
    """Take a file's values for the options that the command line leaves out; a key is an option's name."""
    if path is None:
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"config must be a readable TOML file, got {path}: {error}; see --help") from None
    known = {name.replace("_", "-") for parameter in ctx.command.params if (name := parameter.name) != "config"}
    for name in values:
        if name.replace("-", "_") in _TYPED:
            raise InputError(f"{name} must be given on the command line, got it in {path}; type it there")
        if name.replace("_", "-") not in known:
            raise unknown_name(f"option in {path}", name, known)
    ctx.default_map = {name.replace("-", "_"): value for name, value in values.items()}
    return path


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="RUN.TOML",
        is_eager=True,
        callback=_read,
        rich_help_panel=OUTPUT,
        expose_value=False,
        help="Options as TOML, k = 512 for --k 512; what the command line gives goes before it.",
    ),
]


def write_run_file(folder: Path, values: Mapping[str, Any]) -> None:
    """Write the options that a run was made with, unless the folder has them: it was gone on with.

    Args:
        folder: the run's.
        values: parameters of the command; those of None were not given.
    """
    path = folder / NAME
    if path.exists():
        return
    # numbers, truth values, texts and lists of them look the same in JSON and TOML
    given = {
        name.replace("_", "-"): json.dumps(value, ensure_ascii=False)  # TOML has no escaped surrogate pairs
        for name, value in sorted(values.items())
        if name not in (*_OF_THE_CALL, *_TYPED) and value not in (None, [], ())
    }
    lines = [f"{name} = {text}" for name, text in given.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
