"""Samples per second beside lm-eval: our engine and lm-eval's HFLM on the same checkpoint, prompts, dtype and machine.

    python -m lh_eval.studies.throughput --model smollm2-135m --lengths 4k,16k
    python -m lh_eval.studies.throughput --table

Both are timed from the task's name to the last answer, in one process, one after the other: `evaluate` with dense
attention, and `lm_eval.simple_evaluate` with HFLM on the same task of ours. `docs/benchmarks.md` says what is counted.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from lh_eval.bench.environment import environment_on
from lh_eval.checkpoints.loading import Checkpoint, load_checkpoint
from lh_eval.engine.batching import batch_size
from lh_eval.lengths import parse_length
from lh_eval.studies.command import run
from lh_eval.studies.throughput.sides import (
    OURS,
    RIVAL,
    Measured,
    Work,
    agreement,
    make_rival,
    run_lm_eval,
    run_ours,
    run_scorer,
    same_prompts,
)
from lh_eval.studies.throughput.table import SCORED, append, read, table
from lh_eval.tasks.base import get_task, questions_of

_SCORED_TASK = "passkey"

Row = dict[str, Any]


def plan(task: str, length: int, depths: Sequence[float], samples: int) -> Work:
    """At least so many samples, as many at each depth, whole contexts where several questions share one."""
    questions = questions_of(get_task(task))
    each = -(-samples // len(depths))
    return Work(task, length, tuple(depths), -(-each // questions) * questions)


def speed_rows(checkpoint: Checkpoint, model: str | None, work: Work, batches: Sequence[str]) -> Iterator[Row]:
    """Measure both sides on one task and length; a row each as soon as it is there."""
    short = work._replace(depths=work.depths[:1], trials=1)
    run_ours(checkpoint, short)  # texts are tokenized, kernels chosen: once in a process, and no part of the rate
    ours = _counted(checkpoint, run_ours(checkpoint, work))
    size = str(batch_size(checkpoint.model, work.length))
    yield _row(work, OURS, size, ours) | {"same_prompt": same_prompts(checkpoint, work)}
    for batch in batches:
        # one at a time is slow on a GPU, and its rate is that of a few samples
        part = work._replace(trials=1) if batch == "1" and len(batches) > 1 else work
        try:
            lm = make_rival(checkpoint, work.length, batch)
            run_lm_eval(lm, model, short)
            other = _counted(checkpoint, run_lm_eval(lm, model, part))
        except torch.OutOfMemoryError:
            typer.echo(f"{RIVAL}, batch {batch}, {work.task} at {work.length}: out of memory", err=True)
            continue
        yield _row(part, RIVAL, str(lm.batch_size), other) | agreement(ours, other)


def scored_rows(checkpoint: Checkpoint, model: str | None, length: int, depth: float) -> Iterator[Row]:
    """Measure what scoring ten choices takes, on a CPU each side in a process of its own."""
    work = Work(_SCORED_TASK, length, (depth,), 2)  # memory does not grow with more prompts
    score = run_scorer if checkpoint.device.startswith("cuda") else _alone
    ours = score(OURS, model, checkpoint.device, checkpoint.dtype, work)
    yield _row(work, f"{OURS} {SCORED}", "1", ours)
    other = score(RIVAL, model, checkpoint.device, checkpoint.dtype, work)
    yield _row(work, f"{RIVAL} {SCORED}", "1", other) | agreement(ours, other)


def _alone(*arguments: Any) -> Measured:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run_scorer, *arguments).result()


def _counted(checkpoint: Checkpoint, measured: Measured) -> Measured:
    """Memory is that of a GPU: elsewhere what is freed may not go back, and be counted not again."""
    return measured if checkpoint.device.startswith("cuda") else measured._replace(peak_bytes=None)


def _row(work: Work, provider: str, batch: str, measured: Measured) -> Row:
    return {
        "task": work.task,
        "length": work.length,
        "provider": provider,
        "batch": batch,
        "samples": len(measured.scores),
        "build_s": f"{measured.build_s:.4g}",
        "model_s": f"{measured.model_s:.4g}",
        "samples_per_s": f"{len(measured.scores) / (measured.build_s + measured.model_s):.4g}",
        "peak_bytes": measured.peak_bytes,
        "hits": f"{sum(measured.scores.values()):g}",
    }


def throughput(
    model: Annotated[str | None, typer.Option(help="Folder or name of a checkpoint; the shipped one if none.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    dtype: Annotated[str, typer.Option(help="float32, bfloat16 or float16.")] = "auto",
    lengths: Annotated[str, typer.Option(help="Tokens; those beyond the model's positions are run too.")] = "4k,16k",
    depths: Annotated[str, typer.Option(help="In percent.")] = "0,15,30,50,70,85,100",
    samples: Annotated[int, typer.Option(help="Of a task and length, at least.")] = 28,
    tasks: Annotated[str, typer.Option(help="Task specs.")] = "niah_single_2,kv,quote:questions=8",
    batches: Annotated[str | None, typer.Option(help="HFLM's, of which the better counts; 1, on a GPU 1,auto.")] = None,
    memory: Annotated[bool, typer.Option(help="Measure the memory of scoring too.")] = True,
    out: Annotated[Path, typer.Option(help="CSV that rows are appended to.")] = Path("outputs/bench/throughput.csv"),
    show: Annotated[bool, typer.Option("--table", help="Print the file as Markdown, and measure nothing.")] = False,
) -> None:
    """Time our engine and lm-eval's HFLM on the same samples."""
    if show:
        typer.echo(table(read(out)))
        return
    checkpoint = load_checkpoint(model, device=device, dtype=dtype)
    on_gpu = checkpoint.device.startswith("cuda")
    origin = environment_on(checkpoint.model.device)
    case = {"gpu": origin.gpu, "commit": origin.commit, "model": checkpoint.name, "dtype": checkpoint.dtype}
    case |= {name: version(name.replace("_", "-")) for name in ("torch", "transformers", "lm_eval")}
    places = [float(item) for item in depths.split(",")]
    for length in map(parse_length, lengths.split(",")):
        for task in tasks.split(","):
            work = plan(task, length, places, samples)
            for row in speed_rows(checkpoint, model, work, (batches or ("1,auto" if on_gpu else "1")).split(",")):
                append(out, case | row)
                typer.echo(f"{task} {length} {row['provider']} {row['batch']} {row['samples_per_s']} samples/s")
        for row in scored_rows(checkpoint, model, length, places[0]) if memory else ():
            append(out, case | row)
            typer.echo(f"{_SCORED_TASK} {length} {row['provider']} {row['peak_bytes']} bytes")


if __name__ == "__main__":
    run(throughput)
