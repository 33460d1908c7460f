"""What is compared: our engine, and lm-eval's pipeline with any of its models, on a task at one length."""

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import torch

from lh_eval import evaluate, get_task
from lh_eval.checkpoints.loading import Checkpoint, load_checkpoint

OURS, RIVAL = "lh_eval", "hflm"
_ROOM = 256  # tokens for answers, above a prompt's length

Key = tuple[float, int]  # depth and trial


class Work(NamedTuple):
    """What both sides run: a task at one length, over depths and trials."""

    task: str
    length: int
    depths: tuple[float, ...]
    trials: int


class Measured(NamedTuple):
    """One side's run.

    build_s: seconds in which prompts were made, up to the first request.
    model_s: seconds of everything else, answers read and scored.
    peak_bytes: most memory above what was there before; None where nobody counts it.
    scores, texts: of each (depth, trial); no text where choices were scored.
    """

    build_s: float
    model_s: float
    peak_bytes: int | None
    scores: dict[Key, float]
    texts: dict[Key, str]


def run_ours(checkpoint: Checkpoint, work: Work) -> Measured:
    """Our engine, dense; batches are its own choice."""
    with _building(work.task) as built, _peak(checkpoint.device) as peak:
        begin = time.perf_counter()
        frame = evaluate(
            checkpoint.model,
            checkpoint.tokenizer,
            task=work.task,
            lengths=[work.length],
            depths=work.depths,
            trials=work.trials,
            beyond_positions=True,
        )
        seconds = time.perf_counter() - begin
    if frame["error"].notna().any():
        raise RuntimeError(f"{work.task} at {work.length}: {frame['error'].dropna().iloc[0]}")
    rows = frame.to_dict(orient="records")
    scores = {(row["depth"], row["trial"]): row["score"] for row in rows}
    texts = {(row["depth"], row["trial"]): row["prediction"] for row in rows if row["scoring"] != "choice"}
    return Measured(sum(built), seconds - sum(built), next(iter(peak), None), scores, texts)


def run_lm_eval(lm: Any, model: str | None, work: Work) -> Measured:
    """lm-eval's own pipeline with the task of ours, its prompts by the tokenizer of `model`."""
    import lm_eval
    from lm_eval.tasks import TaskManager

    from lh_eval.integrations.lm_eval_yaml import lm_eval_folder

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    grid = {"lengths": [work.length], "depths": list(work.depths), "trials": work.trials, "seed": 0}
    manager = TaskManager(
        include_path=lm_eval_folder(),
        include_defaults=False,
        metadata={"lh_task": work.task, "pretrained": model, **grid},
    )
    task = f"lh_{work.task.partition(':')[0]}"
    times: list[float] = []
    with contextlib.ExitStack() as stack:
        # what it records of the machine takes seconds and is no part of the evaluation
        stack.enter_context(mock.patch("lm_eval.evaluator.add_env_info"))
        for name in ("generate_until", "loglikelihood"):
            stack.enter_context(mock.patch.object(lm, name, _clocked(getattr(lm, name), times)))
        peak = stack.enter_context(_peak(str(lm.device)))
        times.append(time.perf_counter())
        results = lm_eval.simple_evaluate(
            model=lm, tasks=[task], task_manager=manager, log_samples=True, bootstrap_iters=0
        )
    samples = {(sample["doc"]["depth"], sample["doc"]["trial"]): sample for sample in results["samples"][task]}
    scores = {key: sample["acc"] for key, sample in samples.items()}
    texts = {key: sample["resps"][0][0] for key, sample in samples.items() if "answers" in sample["doc"]}
    begin, first, last = times
    return Measured(first - begin, last - first, next(iter(peak), None), scores, texts)


def make_rival(checkpoint: Checkpoint, length: int, batch: str) -> Any:
    """HFLM on the same weights; its own choice of a batch size is made before the clock runs."""
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(pretrained=checkpoint.model, tokenizer=checkpoint.tokenizer, batch_size=batch, max_length=length + _ROOM)
    if batch == "auto":
        lm.batch_size_per_gpu = lm._detect_batch_size()
    return lm


def run_scorer(provider: str, model: str | None, device: str, dtype: str, work: Work) -> Measured:
    """Score continuations by lm-eval's pipeline with one side's model, a prompt at a time."""
    if provider == OURS:
        from lh_eval.integrations.lm_eval_model import LighthouseLM

        room = work.length + _ROOM
        lm = LighthouseLM(model, attention="dense", device=device, dtype=dtype, batch_size=1, max_length=room)
        return run_lm_eval(lm, model, work)
    checkpoint = load_checkpoint(model, device=device, dtype=dtype)
    return run_lm_eval(make_rival(checkpoint, work.length, "1"), model, work)


def same_prompts(checkpoint: Checkpoint, work: Work) -> int:
    """Samples whose text the tokenizer cuts as the sample has it; of others HFLM sees a token more or less."""
    tokenizer, task = checkpoint.tokenizer, get_task(work.task)
    same = 0
    for depth in work.depths:
        for trial in range(work.trials):
            ids = task.sample(tokenizer, length=work.length, depth=depth, trial=trial).prompt_ids
            same += tokenizer.encode(tokenizer.decode(ids, skip_special_tokens=True)) == ids
    return same


def agreement(ours: Measured, other: Measured) -> dict[str, int]:
    """Samples with the same score; with texts of which one begins with the other: ours ends where it is decided."""
    both = ours.scores.keys() & other.scores.keys()
    told = both & ours.texts.keys() & other.texts.keys()
    pairs = [(ours.texts[key].strip(), other.texts[key].strip()) for key in told]
    return {
        "compared": len(both),
        "same_score": sum(ours.scores[key] == other.scores[key] for key in both),
        "same_text": sum(a.startswith(b) or b.startswith(a) for a, b in pairs),
    }


@contextlib.contextmanager
def _building(task: str) -> Iterator[list[float]]:
    """Seconds in the list of each sample that is made within the block."""
    kind, seconds = type(get_task(task)), []
    make = kind.sample

    def timed(*arguments: Any, **options: Any) -> Any:
        begin = time.perf_counter()
        try:
            return make(*arguments, **options)
        finally:
            seconds.append(time.perf_counter() - begin)

    with mock.patch.object(kind, "sample", timed):
        yield seconds


def _clocked(method: Callable[..., Any], times: list[float]) -> Callable[..., Any]:
    """The method, noting when it begins and ends."""

    def run(*arguments: Any, **options: Any) -> Any:
        times.append(time.perf_counter())
        answers = method(*arguments, **options)
        times.append(time.perf_counter())
        return answers

    return run


@contextlib.contextmanager
def _peak(device: str) -> Iterator[list[int]]:
    """Most bytes above what was there, in the list after the block; none where the device does not count."""
    found: list[int] = []
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield found
        found.append(torch.cuda.max_memory_allocated(device) - before)
        return
    try:
        Path("/proc/self/clear_refs").write_text("5")  # has Linux count the process's peak anew
    except OSError:
        yield found
        return
    before = _resident("VmRSS")
    yield found
    found.append(_resident("VmHWM") - before)


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))
