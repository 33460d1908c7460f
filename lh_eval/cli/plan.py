"""`lh-eval plan`: what a question takes before it is asked; `--detect` says how many trials and trainings."""

import json
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lh_eval.cli.run_file import Config
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from lh_eval.analysis.detecting import Assumed, Requirement


def plan(
    detect: Annotated[float | None, typer.Option(help="Difference of mean rates that is to be found: 0.04.")] = None,
    measured: Annotated[
        str | None,
        typer.Option("--from", metavar="RUN_A,RUN_B", help="Two runs on one grid: rate, discordance and spread."),
    ] = None,
    rate: Annotated[float | None, typer.Option(help="Of one side; 0.72 if not given, the paper's dense.")] = None,
    discordant: Annotated[
        float | None, typer.Option(help="Share of samples that one side alone gets right; as by chance if not given.")
    ] = None,
    cells: Annotated[int | None, typer.Option(help="Of the grid, lengths by depths; 35 if not given.")] = None,
    samples: Annotated[int, typer.Option(help="Whose interval is said as well; 420 are the paper's.")] = 420,
    pair_sd: Annotated[
        float | None,
        typer.Option(help="Standard deviation of a pair of trainings' difference; those of outputs/grid if not given."),
    ] = None,
    power: Annotated[float, typer.Option(help="Probability that the test finds the difference.")] = 0.8,
    level: Annotated[float, typer.Option(help="Confidence level; for one of four claims 0.9875.")] = 0.95,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    config: Config = None,  # noqa: ARG001
) -> None:
    """Say how many trials and how many training seeds a difference takes."""
    from lh_eval.analysis.detecting import GRID_CELLS, PAIR_SDS, PAPER_RATE, assume, require

    if detect is None:
        raise InputError("detect must be given, got none; 0.04 is four needles of a hundred")
    if samples < 1:
        raise InputError(f"samples must be at least 1, got {samples}; the paper has 420")
    if measured is None:
        assumed = assume(
            detect,
            rate=PAPER_RATE if rate is None else rate,
            discordant=discordant,
            cells=GRID_CELLS if cells is None else cells,
        )
    else:
        if (rate, discordant, cells) != (None, None, None):
            raise InputError("rate, discordant and cells must be left out where --from measures them, got both")
        assumed = _measured(detect, measured)
    sds = PAIR_SDS if pair_sd is None else {"": pair_sd}
    needed = require(detect, assumed, pair_sds=sds, with_power=power, level=level)
    if as_json:
        values = {"detect": detect, "power": power, "level": level, **assumed._asdict(), **needed._asdict()}
        values["pairs"] = [
            {"asked": asked, "sd": sds[asked], "t_test": by_t, "sign_flips": by_flips}
            for asked, (by_t, by_flips) in needed.pairs.items()
        ]
        typer.echo(json.dumps(values, indent=2))
        return
    typer.echo(f"a difference of {detect:g}, found with power {power:g} at level {level:g}, two-sided, takes")
    for line in _lines(assumed, needed, sds):
        typer.echo(f"  {line}")
    typer.echo(_known(samples, assumed.rate, power, level))


def _measured(detect: float, text: str) -> "Assumed":
    from lh_eval.analysis.detecting import measure
    from lh_eval.analysis.pairing import questions_of_task
    from lh_eval.analysis.sides import read_side

    runs = read_side(text)
    if len(runs) != 2:
        raise InputError(f"from must be two runs, RUN_A,RUN_B, got {len(runs)}")
    first, second = (run.frame for run in runs)
    return measure(detect, first, second, questions=questions_of_task(str(runs[0].config.get("task"))))


def _lines(assumed: "Assumed", needed: "Requirement", sds: "dict[str, float]") -> Iterator[str]:
    def trials(n: int) -> str:
        return f"{math.ceil(n / assumed.cells):,} a cell of {assumed.cells}"

    yield f"samples, others on each side: {needed.others:,} a side, {trials(needed.others)}"
    yield f"samples, the same on both: {needed.same:,}, {trials(needed.same)}"
    yield f"  ({assumed.said})"
    for name, (by_t, by_flips) in needed.pairs.items():
        asked = f" ({name})" if name else ""
        yield (
            f"trainings, paired by seed{asked}: {by_t} pairs for the t-test, {by_flips} for sign flips "
            f"(SD of a pair {sds[name]:g})"
        )
    yield f"and with fewer than {needed.least_pairs} pairs sign flips find nothing, whatever the difference"


def _known(samples: int, rate: float, power: float, level: float) -> str:
    from lh_eval.statistics.power import detectable, half_width

    return (
        f"{samples} samples know a rate of {rate:.3g} to {half_width(rate, samples, level):.3f} either way; two sides "
        f"of {samples} others each are told apart from {detectable(samples, rate, power=power, level=level):.3f} on"
    )
