"""Trains trunks and branches and evaluates them, as far as a budget of time allows; the same command goes on.

python -m lh_eval.studies.branches runs/branches --seeds 0-7 --budget-minutes 9
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from lh_eval.errors import InputError
from lh_eval.lengths import parse_length
from lh_eval.studies.branches.evaluating import Samples
from lh_eval.studies.branches.plan import KINDS, Design, parse_kinds, parse_seeds
from lh_eval.studies.branches.training import Recipes, Trainings
from lh_eval.studies.command import run
from lh_eval.training.loop import Pace

_EACH = "--each"


def branches(
    out: Annotated[Path, typer.Argument(help="Folder of the experiment; rows/ in it is what is read back.")],
    seeds: Annotated[str, typer.Option(help="Of trunks, such as 0-7; with several GPUs each takes its share.")] = "0-7",
    scorers: Annotated[str, typer.Option(help="Of the branches, most wanted first.")] = "norm,pooled-qk,qk,gla",
    k: Annotated[str, typer.Option(help="Budgets; at the first, more is asked.")] = "256,1024",
    rope: Annotated[str, typer.Option(help="before,after; after for some scorers at the first k.")] = "before,after",
    rope_scorers: Annotated[str, typer.Option(help="Scorers of rope=after.")] = "norm,pooled-qk",
    tasks: Annotated[str, typer.Option(help="Task specs, separated by spaces.")] = " ".join(Samples().tasks),
    length: Annotated[str, typer.Option(help="The longest trained length, in tokens.")] = "16k",
    trials: Annotated[int, typer.Option(help="Of a task and depth.")] = Samples().trials,
    budget_minutes: Annotated[float | None, typer.Option(help="No job is begun that would end later.")] = None,
    trunk: Annotated[str, typer.Option(help="Training config of the trunk.")] = Recipes().trunk,
    lighthouse: Annotated[str, typer.Option(help="Of the Lighthouse stage.")] = Recipes().lighthouse,
    dense: Annotated[str, typer.Option(help="Of the dense steps after it.")] = Recipes().dense,
    kinds: Annotated[str, typer.Option(help="Kinds of jobs to do; the others are left.")] = ",".join(KINDS),
    per_gpu: Annotated[int, typer.Option(min=1, help="Processes that share a GPU: one waits while another runs.")] = 1,
    workers: Annotated[int, typer.Option(help="Processes that make batches, a training.")] = 2,
    each: Annotated[bool, typer.Option(_EACH, help="Be one process's share; what the command starts itself.")] = False,
) -> None:
    """Run what is left to do, in the order of docs/protocol.md."""
    started = time.monotonic()
    numbers = parse_seeds(seeds)
    import torch

    gpus = torch.cuda.device_count()
    if (processes := min(gpus * per_gpu, len(numbers))) > 1 and not each:
        raise typer.Exit(_share_out(out, numbers, processes, gpus))

    from lh_eval.studies.branches.runner import Budget, Runner

    design = Design(scorers.split(","), _numbers(k), rope.split(","), rope_scorers.split(","))
    longest = parse_length(length)
    samples = Samples(tasks.split(), longest, (longest // 4, 2 * longest), trials=trials)
    pace = Pace(save_every=10**9, workers=workers)  # a killed training begins again: it takes less than saving states
    runner = Runner(design, Trainings(out, Recipes(trunk, lighthouse, dense), pace), samples, typer.echo)
    seconds = None if budget_minutes is None else 60 * budget_minutes - (time.monotonic() - started)
    left = not runner.run(numbers, Budget(seconds), parse_kinds(kinds))
    typer.echo(f"seeds {','.join(map(str, numbers))}: {'jobs are left' if left else 'all done'}")


def _share_out(out: Path, seeds: list[int], processes: int, gpus: int) -> int:
    """Run the command once a process, its bars into a file; returns the worst exit code."""
    out.mkdir(parents=True, exist_ok=True)
    children = []
    for number in range(processes):
        share = ",".join(map(str, seeds[number::processes]))
        command = [sys.executable, "-m", "lh_eval.studies.branches", *sys.argv[1:], "--seeds", share, _EACH]
        with (out / f"process{number}.log").open("a", encoding="utf-8") as log:
            environment = os.environ | {"CUDA_VISIBLE_DEVICES": _visible(number % gpus), "PYTHONUNBUFFERED": "1"}
            children.append(subprocess.Popen(command, env=environment, stderr=log))
    return max(child.wait() for child in children)


def _visible(gpu: int) -> str:
    given = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return given[gpu] if given else str(gpu)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise InputError(f"k must be budgets such as 256,1024, got {text!r}") from None


if __name__ == "__main__":
    run(branches)
