"""`--quiet` and `--verbose`: how much a command says on stderr beside its output."""

import logging
from typing import Annotated, Any

import typer

from lh_eval.cli.panels import OUTPUT
from lh_eval.errors import InputError

_LEVELS = {"quiet": logging.ERROR, "verbose": logging.INFO}
_CHOSEN = "volume"


class _Stderr(logging.Handler):
    """A record as a line like those of errors, on whatever is stderr now."""

    def emit(self, record: logging.LogRecord) -> None:
        from lh_eval.publish.tabular import one_line

        typer.echo(f"lh-eval: {one_line(record.getMessage())}", err=True)


def start_volume() -> None:
    """What a command says unless it is told otherwise: its remarks and its progress."""
    logger = logging.getLogger("lh_eval")
    logger.setLevel(logging.WARNING)
    if not any(isinstance(handler, _Stderr) for handler in logger.handlers):
        logger.addHandler(_Stderr())


def _choose(ctx: typer.Context, parameter: Any, wanted: bool) -> bool:
    if wanted:
        if other := ctx.meta.get(_CHOSEN):
            raise InputError(f"{parameter.name} must be given without --{other}, got both; leave one out")
        ctx.meta[_CHOSEN] = parameter.name
        logging.getLogger("lh_eval").setLevel(_LEVELS[parameter.name])
    return wanted


Quiet = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        expose_value=False,
        callback=_choose,
        rich_help_panel=OUTPUT,
        help="No progress and no remarks on stderr, errors alone.",
    ),
]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        expose_value=False,
        callback=_choose,
        rich_help_panel=OUTPUT,
        help="Say on stderr what is loaded and read, and how long each setting takes.",
    ),
]
