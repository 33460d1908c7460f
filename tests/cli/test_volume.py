"""`--quiet` and `--verbose`, and when the bar says that a run ends."""

import itertools
import logging

import pytest
import tqdm

from lh_eval.cli.app import main
from lh_eval.cli.shared import note

GRID = ["niah", "--attention", "dense", "--lengths", "256", "--depths", "50", "--trials", "1", "--device", "cpu"]


def _said(capsys, tmp_path, *options):
    assert main([*GRID, "--out", str(tmp_path / "-".join(("run", *options))), *options]) == 0
    said = capsys.readouterr()
    assert "retrieval rate" in said.out
    return said.err


def test_quiet_says_nothing_beside_the_output_and_verbose_what_was_done(capsys, tmp_path):
    assert "dense" in _said(capsys, tmp_path)
    assert _said(capsys, tmp_path, "--quiet") == ""
    said = _said(capsys, tmp_path, "--verbose")
    assert "parameters as torch.float32 on cpu" in said
    assert "lh-eval: dense: 1 samples in " in said


def test_both_are_refused_and_nothing_is_left_of_either(capsys):
    assert main(["niah", "--quiet", "--verbose"]) == 2
    assert "must be given without --" in capsys.readouterr().err
    assert main(["scorers"]) == 0
    assert logging.getLogger("lh_eval").level == logging.WARNING
    note("a remark\x1b on\none line")
    assert capsys.readouterr().err == "lh-eval: a remark on one line\n"


# seconds of a sample of 1K, 4K and 16K as `--dry-run` measured them on two cores, and of one that is only linear
@pytest.mark.parametrize("seconds", [(0.508, 1.61, 8.25), (1.0, 4.0, 16.0)])
def test_the_estimate_after_a_tenth_of_the_work_is_within_30_percent(monkeypatch, seconds):
    """The bar of a run, fed with a clock of our own that jumps by 10 % around the cost of a sample."""
    from lh_eval.runs import run as module

    now = [0.0]
    monkeypatch.setattr("tqdm.std.time", lambda: now[0])
    lengths = (1024, 4096, 16384)
    work = [(length, cost) for length, cost in zip(lengths, seconds, strict=True) for _ in range(14)] * 2
    jitter = itertools.cycle((0.9, 1.1, 1.0))
    took = [cost * next(jitter) for _, cost in work]
    bar = module._progress(sum(length for length, _ in work), 0)
    assert isinstance(bar, tqdm.tqdm)
    with bar:
        for (length, _), cost in zip(work, took, strict=True):
            now[0] += cost
            bar.update(length)
            if now[0] >= 0.1 * sum(took):
                break
        rate = bar.format_dict["rate"] or bar.format_dict["n"] / bar.format_dict["elapsed"]
        left = (bar.total - bar.n) / rate
    assert left == pytest.approx(sum(took) - now[0], rel=0.3)
