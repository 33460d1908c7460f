"""Samples per second beside lm-eval: our engine and lm-eval's HFLM on the same checkpoint, prompts, dtype and machine.

    python benchmarks/throughput.py --model smollm2-135m --lengths 4k,16k
    python benchmarks/throughput.py --table

Both are timed from the task's name to the last answer, in one process, one after the other: `evaluate` with dense
attention, and `lm_eval.simple_evaluate` with HFLM on the same task of ours. `docs/benchmarks.md` says what is counted.
"""

import argparse
import csv
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from throughput_sides import (
    OURS,
    RIVAL,
    Measured,
    Work,
    agreement,
    make_rival,
    make_scorer,
    run_lm_eval,
    run_ours,
    same_prompts,
)
from throughput_table import SCORED, append, table

from lh_eval.bench.environment import environment_on
from lh_eval.checkpoints.loading import Checkpoint, load_checkpoint
from lh_eval.engine.batching import batch_size
from lh_eval.lengths import parse_length
from lh_eval.tasks.base import get_task, questions_of

TASKS = "niah_single_2,kv,quote:questions=8"
DEPTHS = "0,15,30,50,70,85,100"
SCORED_TASK = "passkey"


def plan(task: str, length: int, depths: Sequence[float], samples: int) -> Work:
    """At least so many samples, as many at each depth, whole contexts where several questions share one."""
    questions = questions_of(get_task(task))
    each = -(-samples // len(depths))
    return Work(task, length, tuple(depths), -(-each // questions) * questions)


def row_of(case: dict[str, str], work: Work, provider: str, batch: str, run: Measured, **rest: int) -> dict[str, Any]:
    """A line of the file."""
    return case | {
        "task": work.task,
        "length": work.length,
        "provider": provider,
        "batch": batch,
        "samples": len(run.scores),
        "build_s": f"{run.build_s:.4g}",
        "model_s": f"{run.model_s:.4g}",
        "samples_per_s": f"{run.samples_per_s:.4g}",
        "peak_bytes": run.peak_bytes,
        "hits": f"{sum(run.scores.values()):g}",
        **rest,
    }


def speed_rows(
    checkpoint: Checkpoint, model: str | None, case: dict[str, str], work: Work, batches: list[str]
) -> Iterator[dict[str, Any]]:
    """Measure both sides on one task and length; a row each as soon as it is there."""
    counts = checkpoint.device.startswith("cuda")  # elsewhere what is freed may not go back, and be counted not again
    short = work._replace(depths=work.depths[:1], trials=1)
    run_ours(checkpoint, short)  # texts are tokenized, kernels chosen: once in a process, and no part of the rate
    ours = run_ours(checkpoint, work)
    ours = ours if counts else ours._replace(peak_bytes=None)
    size = str(batch_size(checkpoint.model, work.length))
    yield row_of(case, work, OURS, size, ours, same_prompt=same_prompts(checkpoint, work))
    for batch in batches:
        # one at a time is slow on a GPU, and its rate is that of a few samples
        part = work._replace(trials=1) if batch == "1" and len(batches) > 1 else work
        try:
            lm = make_rival(checkpoint, work.length, batch)
            run_lm_eval(lm, model, short)
            other = run_lm_eval(lm, model, part)
        except torch.OutOfMemoryError:
            print(f"{RIVAL}, batch {batch}, {work.task} at {work.length}: out of memory", file=sys.stderr)
            continue
        other = other if counts else other._replace(peak_bytes=None)
        yield row_of(case, part, RIVAL, str(lm.batch_size), other, **agreement(ours, other))


def scored_rows(options: argparse.Namespace, case: dict[str, str], device: str, work: Work) -> Iterator[dict[str, Any]]:
    """Measure what scoring ten choices takes, on a CPU each side in a process of its own."""
    runs = {}
    for provider in (OURS, RIVAL):
        if device.startswith("cuda"):
            runs[provider] = run_scorer(options.model, provider, work, device, case["dtype"])
        else:
            line = [*sys.argv[1:], f"--scorer={provider}", f"--lengths={work.length}", f"--depths={work.depths[0]}"]
            out = subprocess.run([sys.executable, __file__, *line], stdout=subprocess.PIPE, text=True, check=True)
            runs[provider] = _from_text(out.stdout.splitlines()[-1])
        extra = agreement(runs[OURS], runs[provider]) if provider == RIVAL else {}
        yield row_of(case, work, f"{provider} {SCORED}", "1", runs[provider], **extra)


def run_scorer(model: str | None, provider: str, work: Work, device: str, dtype: str) -> Measured:
    """One side's scoring, by lm-eval's pipeline."""
    return run_lm_eval(make_scorer(model, provider, work.length, device, dtype), model, work)


def scored_work(length: int, depths: Sequence[float]) -> Work:
    """Two prompts of ten choices: memory does not grow with more of them."""
    return Work(SCORED_TASK, length, tuple(depths[:1]), 2)


def _as_text(run: Measured) -> str:
    return json.dumps([run.build_s, run.model_s, run.peak_bytes, [[*key, score] for key, score in run.scores.items()]])


def _from_text(line: str) -> Measured:
    build_s, model_s, peak, scores = json.loads(line)
    return Measured(build_s, model_s, peak, {(depth, trial): score for depth, trial, score in scores}, {})


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", help="folder or name of a checkpoint; the shipped one if not given")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", help="float32, bfloat16 or float16")
    parser.add_argument("--lengths", default="4k,16k", help="tokens; those beyond the model's positions are run too")
    parser.add_argument("--depths", default=DEPTHS, help="in percent")
    parser.add_argument("--samples", type=int, default=28, help="of a task and length, at least")
    parser.add_argument("--tasks", default=TASKS, help="task specs")
    parser.add_argument("--batches", help="HFLM's batch sizes, of which the better counts: 1,auto on a GPU, else 1")
    parser.add_argument("--no-memory", action="store_true", help="leave out the memory of scoring")
    parser.add_argument("--out", type=Path, default=Path("outputs/bench/throughput.csv"))
    parser.add_argument("--table", action="store_true", help="print the file as Markdown, and measure nothing")
    parser.add_argument("--scorer", choices=(OURS, RIVAL), help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and write, or print."""
    options = parse(arguments)
    if options.table:
        with options.out.open(encoding="utf-8", newline="") as file:
            print(table(list(csv.DictReader(file))))
        return
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    lengths = [parse_length(item) for item in options.lengths.split(",")]
    depths = [float(item) for item in options.depths.split(",")]
    if options.scorer:
        work = scored_work(lengths[0], depths)
        print("\n" + _as_text(run_scorer(options.model, options.scorer, work, options.device, options.dtype)))
        return
    checkpoint = load_checkpoint(options.model, device=options.device, dtype=options.dtype)
    on_gpu = checkpoint.device.startswith("cuda")
    batches = (options.batches or ("1,auto" if on_gpu else "1")).split(",")
    origin = environment_on(checkpoint.model.device)
    case = {"gpu": origin.gpu, "commit": origin.commit, "model": checkpoint.name, "dtype": checkpoint.dtype}
    case |= {name: version(name.replace("_", "-")) for name in ("torch", "transformers", "lm_eval")}
    for length in lengths:
        for task in options.tasks.split(","):
            for row in speed_rows(
                checkpoint, options.model, case, plan(task, length, depths, options.samples), batches
            ):
                append(options.out, row)
                print(task, length, row["provider"], row["batch"], row["samples_per_s"], "samples/s", flush=True)
        if not options.no_memory:
            for row in scored_rows(options, case, checkpoint.device, scored_work(length, depths)):
                append(options.out, row)
                print(SCORED_TASK, length, row["provider"], row["peak_bytes"], "bytes", flush=True)


if __name__ == "__main__":
    main()
