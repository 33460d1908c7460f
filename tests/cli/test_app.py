import subprocess
import sys
import time

import pytest
import typer

import lh_eval
from lh_eval.cli import app as module
from lh_eval.cli.app import main
from lh_eval.errors import InputError

HEAVY = ("torch", "transformers", "pandas", "matplotlib", "seaborn", "numpy", "tokenizers", "accelerate")


@pytest.fixture
def command(monkeypatch):
    """Give the app one command of the test's own."""

    def install(function):
        app = typer.Typer(cls=module._Commands, add_completion=False, rich_markup_mode=None)
        app.command("probe")(function)
        app.callback()(lambda: None)
        monkeypatch.setattr(module, "app", app)

    return install


def error_line(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("lh-eval: error: ")
    return captured.err.removeprefix("lh-eval: error: ").rstrip("\n")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], []])
def test_help(capsys, arguments):
    assert main(arguments) == 0
    text = capsys.readouterr().out
    for name in ("niah", "train", "bench", "heatmap", "report", "tasks", "scorers", "models", "lm-eval"):
        assert f" {name} " in text.replace("\n", " \n")


@pytest.mark.parametrize("name", ["niah", "train", "bench", "heatmap", "report", "tasks", "scorers", "models"])
def test_help_of_each_command(capsys, name):
    assert main([name, "--help"]) == 0
    assert f"Usage: lh-eval {name}" in capsys.readouterr().out


def test_the_shell_completes_commands(monkeypatch, capsys):
    monkeypatch.setenv("_LH_EVAL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "lh-eval ta")
    monkeypatch.setenv("COMP_CWORD", "1")
    with pytest.raises(SystemExit) as stop:
        main([])
    assert stop.value.code == 0
    assert capsys.readouterr().out.split() == ["table", "tasks"]


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lh-eval {lh_eval.__version__}\n"


def test_arguments_of_the_process(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lh-eval", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("lh-eval ")


@pytest.mark.parametrize("arguments", [["--help"], ["niah", "--help"], ["bench", "--help"], ["--version"], ["niha"]])
def test_light_imports(arguments):
    code = (
        "import sys; from lh_eval.cli.app import main; main(sys.argv[1:]);"
        f"heavy = [name for name in {HEAVY} if name in sys.modules]; sys.exit(', '.join(heavy) or 0)"
    )
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    assert done.returncode == 0, done.stderr
    assert seconds < 5  # about 0.2 on an idle core; importing torch alone takes longer on most


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["niha"],
            "tasks, train, verify, got 'niha'; did you mean 'niah'?",
        ),
        (["scorer"], "did you mean 'scorers'?"),
        (["scorers", "--jsno"], "--jsno"),
        (["scorers", "extra"], "extra"),
        (["train"], "Missing argument"),
        (["niah", "--seed", "x"], "--seed"),
        (["niah", "--attention", "sparse"], "sparse"),
        (["niah", "--depths", "120"], "depth must be from 0 to 100, got 120"),
        (["niah", "--lengths", "0"], "length must be a positive number of tokens"),
    ],
)
def test_usage_error(capsys, arguments, message):
    assert main(arguments) == 2
    assert message in error_line(capsys)


def test_input_error(command, capsys):
    def probe():
        raise InputError("k must be even,\n  got 7")

    command(probe)
    assert main(["probe"]) == 2
    assert error_line(capsys) == r"k must be even,\n got 7"


def test_other_errors_keep_their_traceback(command):
    def probe():
        raise RuntimeError("a bug")

    command(probe)
    with pytest.raises(RuntimeError, match="a bug"):
        main(["probe"])


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_interrupted(command, error):
    def probe():
        raise error

    command(probe)
    assert main(["probe"]) == 130


def test_exit_codes_pass(command):
    def probe(code: int):
        raise typer.Exit(code)

    command(probe)
    assert [main(["probe", code]) for code in ("0", "1", "3")] == [0, 1, 3]


def test_bad_parameter_raised_by_a_command(command, capsys):
    def probe():
        raise typer.BadParameter("no good")

    command(probe)
    assert main(["probe"]) == 2
    assert "no good" in error_line(capsys)


def test_process_exit_code():
    done = subprocess.run([sys.executable, "-m", "lh_eval", "nope"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("lh-eval: error: command must be one of")
    assert "Traceback" not in done.stderr
