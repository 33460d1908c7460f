"""`lh-eval plan` end to end."""

from pathlib import Path

import pytest

from lh_eval.cli.app import main

GRID = Path(__file__).parents[2] / "outputs" / "grid" / "passkey"


def shown(capsys, *options):
    assert main(["plan", *options]) == 0
    return capsys.readouterr().out.splitlines()


def test_trials_and_seeds_of_a_difference(capsys):
    first, others, same, said, passkey, keyed, least, known = shown(capsys, "--detect", "0.04")
    assert first == "a difference of 0.04, found with power 0.8 at level 0.95, two-sided, takes"
    assert others.endswith("1,886 a side, 54 a cell of 35")
    assert same.endswith("1,886, 54 a cell of 35")
    assert "as if the sides had nothing in common" in said
    assert "(passkey): 15 pairs for the t-test, 15 for sign flips (SD of a pair 0.0505)" in passkey
    assert "(keyed): 9 pairs for the t-test" in keyed
    assert "with fewer than 6 pairs" in least
    assert known.startswith("420 samples know a rate of 0.72 to 0.043 either way; ")


@pytest.mark.parametrize(
    ("options", "needed"), [(["0.06"], 8), (["0.06", "--level", "0.9875"], 12), (["0.02"], 52)], ids=str
)
def test_pairs_of_trainings(capsys, options, needed):
    lines = shown(capsys, "--detect", *options, "--pair-sd", "0.0505")
    assert f"  trainings, paired by seed: {needed} pairs for the t-test, " in "\n".join(lines)


def test_rate_and_discordance_of_runs(capsys):
    runs = f"{GRID / 'norm-k256-s0' / 'dense'},{GRID / 'qk-k256-s0' / 'dense'}"
    lines = shown(capsys, "--detect", "0.04", "--from", runs, "--samples", "840")
    assert lines[3].startswith("    (as measured on 840 samples in 35 cells: rate 0.826, 0.15 of them differ")
    assert lines[-1].startswith("840 samples know a rate of 0.826 to 0.026 either way")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "detect must be given, got none"),
        (["--detect", "1.5"], "detect must be above 0 and below 1, got 1.5"),
        (["--detect", "0.1", "--discordant", "0.05"], "discordant must be from the difference, 0.1, to 1"),
        (["--detect", "0.1", "--power", "1"], "power must be above 0.05 and below 1, got 1"),
        (["--detect", "0.1", "--samples", "0"], "samples must be at least 1, got 0"),
        (["--detect", "0.1", "--from", "a,b", "--rate", "0.5"], "rate, discordant and cells must be left out"),
        (["--detect", "0.1", "--from", str(GRID / "norm-k256-s0" / "dense")], "from must be two runs"),
    ],
)
def test_one_line_on_what_cannot_be_planned(capsys, options, message):
    assert main(["plan", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"lh-eval: error: {message}")
    assert err.count("\n") == 1
