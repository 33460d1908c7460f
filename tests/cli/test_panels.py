"""Help of every command on a screen of 80 columns and 24 lines."""

import re

import pytest
import typer.main

from lh_eval.cli.app import app, main

_LINES = 24


def _commands(command, path=()):
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


COMMANDS = [path for path in _commands(typer.main.get_command(app)) if path != ("lm-eval",)]  # which is lm-eval's


@pytest.fixture(autouse=True)
def screen(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def _help(capsys, *arguments):
    assert main(arguments) == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert max(map(len, lines)) <= 80
    return lines


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_is_one_screen(capsys, path):
    assert len(_help(capsys, *path, "--help")) <= _LINES


@pytest.mark.parametrize("name", ["niah", "run", "intervene", "bench", "heatmap"])
def test_all_options_are_named_at_first_and_explained_in_a_screen_a_panel(capsys, name):
    short, whole = ("\n".join(_help(capsys, name, option)) for option in ("--help", "--help-all"))
    parameters = typer.main.get_command(app).commands[name].params
    for option in (max(one.opts, key=len) for one in parameters if one.param_type_name == "option"):
        assert re.search(rf"(^|\W){option[2:]}(\W|$)", short)
        assert re.search(rf"^  (-\w, )?{option}\b", whole, re.MULTILINE)
    panels = whole.split("\n\n")
    assert max(panel.count("\n") + 1 for panel in panels) <= _LINES
    assert sum(panel.startswith(("Options:", "Output:")) for panel in panels) == 2


def test_all_commands_are_named_at_first_and_explained(capsys):
    short, whole = ("\n".join(_help(capsys, option)) for option in ("--help", "--help-all"))
    for name in typer.main.get_command(app).commands:
        assert re.search(rf" {name}( |$)", short, re.MULTILINE)
        assert re.search(rf"^  {name} +[A-Z]", whole, re.MULTILINE)


def test_what_a_semicolon_parts_off_is_left_for_all(capsys):
    (task,) = [line for line in _help(capsys, "niah", "--help") if "--task" in line]
    assert task.endswith("  Task, such as keyed:records=8.  [default: passkey]")
    (task,) = [line for line in _help(capsys, "niah", "--help-all") if "--task" in line]
    assert "keyed:records=8; see" in task
