"""SIGINT and SIGTERM: what is under way ends in order, an import at once and without a traceback."""

import contextlib
import os
import signal
import subprocess
import sys

import pytest
import typer

from lh_eval import interrupts
from lh_eval.cli import app
from lh_eval.errors import Interrupted
from lh_eval.interrupts import exit_code, heed, resumable, stop_if_asked


@pytest.fixture
def heeded(monkeypatch):
    """Signals are heeded until the test's end."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(interrupts, "_received", [])
    heed()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_under_way_ends_with_its_message_and_code(heeded, monkeypatch, capsys, number, code):
    def work(**_):
        with resumable("what was done is in runs/x; the same command goes on from there"):
            os.kill(os.getpid(), number)
            pytest.fail("it went on")

    monkeypatch.setattr(app, "app", work)
    assert app.main([]) == code
    assert capsys.readouterr().err == (
        "lh-eval: interrupted: what was done is in runs/x; the same command goes on from there\n"
    )


def test_a_command_with_nothing_under_way_ends_with_the_signals_code(heeded, monkeypatch):
    probe = typer.Typer()
    probe.command("probe")(lambda: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(app, "app", probe)
    assert app.main([]) == 143


def test_an_error_that_a_library_makes_of_a_signal_is_no_traceback(heeded, monkeypatch, capsys):
    def work(**_):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise RuntimeError("initialization failed") from None

    monkeypatch.setattr(app, "app", work)
    assert app.main([]) == 143
    assert capsys.readouterr().err == ""


def test_a_signal_whose_exception_is_swallowed_stops_at_the_next_step(heeded):
    with contextlib.suppress(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(Interrupted, match="goes on"), resumable("the same command goes on"):
        stop_if_asked()
    assert exit_code() == 143


@pytest.mark.parametrize(("number", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
@pytest.mark.parametrize("caught", [False, True], ids=["", "caught"])
def test_a_signal_during_an_import_ends_the_process_without_a_word(tmp_path, number, code, caught):
    kill = f"os.kill(os.getpid(), signal.{number})"
    body = f"try:\n    {kill}\nexcept BaseException:\n    pass" if caught else kill
    (tmp_path / "slow_to_import.py").write_text(f"import os, signal\n{body}\n")
    program = "from lh_eval.interrupts import heed; heed(); import slow_to_import; print('it went on')"
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


def test_a_later_import_is_let_through(heeded, tmp_path, monkeypatch):
    text = "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)\ndone = 1\n"
    (tmp_path / "imported_under_way.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)

    def work():
        with resumable("the same command goes on"):
            import imported_under_way

            assert imported_under_way.done == 1
            stop_if_asked()

    with pytest.raises(Interrupted):
        work()
