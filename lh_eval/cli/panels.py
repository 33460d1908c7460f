"""Help on one screen: `--help` has the options of every day and names the others, `--help-all` has all, by panel."""

import re
from typing import Annotated, Any

import typer
import typer.core

LIGHTHOUSE, CHAT, GRID, SHAPE = "Lighthouse", "Chat", "Grid", "Shape"
MACHINE, OUTPUT = "Machine", "Output"
_ALL = "help-all"


class PanelCommand(typer.core.TyperCommand):
    """A command with `HelpAll` has its options in panels (`rich_help_panel`); help of others is whole."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Only the first paragraph where only a part of the options follows."""
        whole = self.help
        if whole and _panels(self.get_params(ctx)) and not _wants_all(ctx):
            self.help = whole.partition("\n\n")[0]
        super().format_help_text(ctx, formatter)
        self.help = whole

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Arguments, options outside panels, and the panels or what is in them."""
        parameters = self.get_params(ctx)
        panels = _panels(parameters)
        if not panels:
            super().format_options(ctx, formatter)
            return
        short = not _wants_all(ctx)
        for title, kind in (("Arguments", "argument"), ("Options", "option")):
            shown = [one for one in parameters if one.param_type_name == kind and not _panel(one)]
            _write(formatter, title, _records(ctx, shown, short=short))
        if short:
            named = [(title, " ".join(max(one.opts, key=len)[2:] for one in own)) for title, own in panels.items()]
            _write(formatter, "More options, explained by --help-all", named)
        else:
            for title, own in panels.items():
                _write(formatter, title, _records(ctx, own))


class PanelGroup(typer.core.TyperGroup):
    """A command whose subcommands may be in panels."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The options of the group itself, and its subcommands as `PanelCommand` has options."""
        options = [one for one in self.get_params(ctx) if "completion" not in str(one.name) or _wants_all(ctx)]
        _write(formatter, "Options", _records(ctx, options))
        panels: dict[str, list[tuple[str, str]]] = {"Commands": []}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                title = _panel(command) or "Commands"
                panels.setdefault(title, []).append((name, command.get_short_help_str(62)))
        if _wants_all(ctx):
            for title, rows in panels.items():
                _write(formatter, title, rows)
        else:
            _write(formatter, "Commands", panels.pop("Commands"))
            named = [(title, " ".join(name for name, _ in rows)) for title, rows in panels.items()]
            _write(formatter, "More commands, explained by --help-all", named)


def _panels(parameters: list[Any]) -> dict[str, list[Any]]:
    """The options of each panel, in the order of the first of each; none without `HelpAll`."""
    panels: dict[str, list[Any]] = {}
    if all(one.name != "help_all" for one in parameters):
        return panels
    for parameter in parameters:
        if title := _panel(parameter):
            panels.setdefault(title, []).append(parameter)
    return panels


def _records(ctx: Any, parameters: list[Any], *, short: bool = False) -> list[tuple[str, str]]:
    """What stands left and right of each; `short` is without what comes after a semicolon, but for the default."""
    records = [record for one in parameters if (record := one.get_help_record(ctx)) is not None]
    return [(left, re.sub(r"; .*?\.?(?=  \[|$)", ".", right)) for left, right in records] if short else records


def _write(formatter: Any, title: str, rows: list[tuple[str, str]]) -> None:
    if rows:
        with formatter.section(title):
            formatter.write_dl(rows)


def _wants_all(ctx: Any) -> bool:
    return bool(ctx.meta.get(_ALL))


def _panel(parameter: Any) -> str | None:
    return getattr(parameter, "rich_help_panel", None)


def _show_all(ctx: typer.Context, wanted: bool) -> None:
    if wanted:
        ctx.meta[_ALL] = True
        typer.echo(ctx.get_help())
        raise typer.Exit


HelpAll = Annotated[
    bool,
    typer.Option("--help-all", is_eager=True, expose_value=False, callback=_show_all, help="Show all of it and exit."),
]
