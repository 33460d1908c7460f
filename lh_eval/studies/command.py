"""How a study is run from the command line."""

import sys
from collections.abc import Callable, Sequence

import typer

from lh_eval.errors import InputError


def run(study: Callable[..., None], arguments: Sequence[str] | None = None) -> None:
    """Run a function, its parameters as options; what cannot be used is one line on stderr and exit code 2.

    Args:
        study: what typer makes a command of.
        arguments: those of the process by default.
    """
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(study)
    try:
        app(arguments)
    except InputError as error:
        typer.echo(f"{study.__name__.replace('_', '-')}: error: {error}", err=True)
        sys.exit(2)
