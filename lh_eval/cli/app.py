"""The `lh-eval` command: its subcommands, and how an error becomes one line and an exit code.

A subcommand is a function in a module of its own, whose top imports are light: torch, transformers, pandas and
matplotlib are imported only when a command runs.
"""

import errno
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

import lh_eval
from lh_eval.cli.bench import bench
from lh_eval.cli.compare import compare
from lh_eval.cli.curves import curves
from lh_eval.cli.heatmap import heatmap
from lh_eval.cli.intervene import intervene
from lh_eval.cli.listing import methods, scorers, tasks
from lh_eval.cli.lm_eval import LM_EVAL_SETTINGS, lm_eval
from lh_eval.cli.models import models
from lh_eval.cli.niah import niah
from lh_eval.cli.panels import HelpAll, PanelCommand, PanelGroup
from lh_eval.cli.plan import plan
from lh_eval.cli.publish import publish
from lh_eval.cli.report import report
from lh_eval.cli.rescore import rescore
from lh_eval.cli.rows import rows
from lh_eval.cli.run import run
from lh_eval.cli.runs import runs
from lh_eval.cli.table import table
from lh_eval.cli.train import train
from lh_eval.cli.verify import verify
from lh_eval.cli.volume import start_volume
from lh_eval.errors import InputError, Interrupted, unknown_name
from lh_eval.interrupts import exit_code, received

# a full disk, a quota, a file-size limit, a disk that became read-only: no fault of ours
_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}

_INTERRUPTED = 130


class _Commands(PanelGroup):
    """The subcommands in the order of their registration; an unknown one names the nearest."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            raise unknown_name("command", args[0], self.commands)
        return super().resolve_command(ctx, args)


app = typer.Typer(
    cls=_Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
_EVERY_DAY: tuple[Callable[..., None], ...] = (niah, run, runs, table, compare, heatmap, report)
_PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Results": (publish, verify, rows, rescore),
    "Studies": (plan, intervene, train, curves, bench),
    "Names": (methods, scorers),
}
for _command in _EVERY_DAY:
    app.command(cls=PanelCommand)(_command)
app.add_typer(tasks, name="tasks")
app.add_typer(models, name="models", rich_help_panel="Names")
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(cls=PanelCommand, rich_help_panel=_panel)(_command)
app.command("lm-eval", context_settings=LM_EVAL_SETTINGS, rich_help_panel="Other tools")(lm_eval)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lh-eval {lh_eval.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
    help_all: HelpAll = False,  # noqa: ARG001
) -> None:
    """Does a checkpoint trained under Lighthouse attention still find the needle?"""
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    Args:
        argv: arguments after the program's name; those of the process by default.

    Returns:
        0 done; 1 some samples failed; 2 bad usage or input, with one line on stderr; 130 interrupted, and 143
        terminated, with one that says where the part that was done lies.
    """
    start_volume()
    try:
        # standalone_mode=False: errors come here instead of being printed, a typer.Exit comes as its code
        result = app(args=None if argv is None else list(argv), prog_name="lh-eval", standalone_mode=False)
    except Interrupted as stop:
        _write_line(f"lh-eval: interrupted: {stop}")
        return exit_code()
    except (KeyboardInterrupt, typer.Abort):
        return exit_code()
    except InputError as error:
        return _refuse(str(error))
    except Exception as error:
        if received():  # libraries turn the interruption into errors of their own
            return exit_code()
        if isinstance(error, OSError) and error.errno in _UNWRITABLE:
            return _refuse(f"files must be writable, got {error}; make that possible, and the same command goes on")
        # usage errors; which module their class is from depends on the version of typer, so tell them by their method
        if (describe := getattr(error, "format_message", None)) is None:
            raise
        return _refuse(describe())
    if result == _INTERRUPTED:  # what typer makes of KeyboardInterrupt, whichever signal raised it
        return exit_code()
    return result if isinstance(result, int) else 0


def _refuse(message: str) -> int:
    _write_line(f"lh-eval: error: {message}")
    return 2


def _write_line(message: str) -> None:
    sys.stderr.write(" ".join(message.split()) + "\n")
