"""The training loop: both schedules over one optimiser, on accelerate, resumable after a kill."""

import contextlib
import dataclasses
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch.utils.data import DataLoader
from tqdm import tqdm

from lh_eval.attention.transformers import use_lighthouse
from lh_eval.errors import InputError
from lh_eval.models.byte_tokenizer import byte_tokenizer
from lh_eval.models.settings import CheckpointSettings
from lh_eval.training.config import TrainingConfig
from lh_eval.training.data import FAMILIES, Batch, Steps
from lh_eval.training.log import LossLog
from lh_eval.training.model import CountedLoss, build_model


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pace:
    """How often things happen, and with how many loader processes; none of it changes the weights.

    Attributes:
        log_every: steps between rows of the loss curve.
        save_every: steps between saved states.
        workers: processes that make batches.
        max_steps: stop and save after this many steps of this call, None runs to the end.
    """

    log_every: int = 20
    save_every: int = 500
    workers: int = 2
    max_steps: int | None = None


def train(config: TrainingConfig, out: Path, *, pace: Pace = Pace()) -> Path | None:
    """Train, or go on where a killed run stopped.

    Args:
        config: what to train.
        out: folder of the run: `train.json`, `loss.csv`, `state/` while running, `checkpoint/` at the end.
        pace: logging and saving.

    Returns:
        The finished checkpoint's folder, None when `max_steps` stopped the run first.

    Raises:
        InputError: `out` holds a run of another configuration.
    """
    accelerator = Accelerator(mixed_precision="bf16" if config.precision == "bf16" and _has_gpu() else "no")
    set_seed(config.seed)
    tokenizer = byte_tokenizer()
    model = build_model(config.model, tokenizer, seed=config.seed)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=config.lr_at(0),
        betas=config.optimizer.betas,
        weight_decay=config.optimizer.weight_decay,
        fused=accelerator.device.type == "cuda",
    )
    loss_of, optimizer = accelerator.prepare(CountedLoss(model), optimizer)
    state = out / "state"
    if accelerator.is_main_process:
        _claim(out, config)
    accelerator.wait_for_everyone()
    first = _resume(accelerator, state)
    log = LossLog(out / "loss.csv", step=first) if accelerator.is_main_process else None

    last = config.steps if pace.max_steps is None else min(config.steps, first + pace.max_steps)
    dataset = Steps(config, accelerator.process_index, accelerator.num_processes)
    collate: Any = _tensors  # without batching it takes the item itself, which DataLoader's type does not say
    loader: DataLoader[Any] = DataLoader(
        dataset, batch_size=None, sampler=range(first, last), num_workers=pace.workers, collate_fn=collate
    )
    bar = tqdm(total=config.steps, initial=first, unit="step", disable=not accelerator.is_main_process, mininterval=1)
    meter = _Meter(accelerator, log, bar)
    for step, batch in zip(range(first, last), loader, strict=True):
        for group in optimizer.param_groups:
            group["lr"] = config.lr_at(step)
        with _attention(model, config, step):
            _step(accelerator, loss_of, optimizer, batch, config, meter)
        if (step + 1) % pace.log_every == 0 or step + 1 == last:
            meter.write(step + 1, config)
        if (step + 1) % pace.save_every == 0 or step + 1 == last:
            _save_state(accelerator, state, step + 1)
    bar.close()
    if last < config.steps:
        return None
    if accelerator.is_main_process:
        _save_checkpoint(model, tokenizer, config, out / "checkpoint")
        shutil.rmtree(state, ignore_errors=True)
    accelerator.wait_for_everyone()
    return out / "checkpoint"


def _step(
    accelerator: Accelerator,
    loss_of: CountedLoss,
    optimizer: Any,
    batch: "_Tensors",
    config: TrainingConfig,
    meter: "_Meter",
) -> None:
    """One optimiser step over micro-batches of at most `micro_tokens` tokens."""
    ids, counted, family = batch
    rows = max(1, config.micro_tokens // ids.shape[1])
    for start in range(0, len(ids), rows):
        part = slice(start, start + rows)
        part_ids = ids[part].to(accelerator.device, non_blocking=True)
        part_counted = counted[part].to(accelerator.device, non_blocking=True)
        sync = start + rows >= len(ids)
        with contextlib.nullcontext() if sync else accelerator.no_sync(loss_of):
            losses = loss_of(part_ids, part_counted)
            accelerator.backward(losses.sum() / len(ids))
        meter.add(losses.detach(), family[part].to(accelerator.device, non_blocking=True), part_ids.numel())
    accelerator.clip_grad_norm_(loss_of.parameters(), config.optimizer.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@contextlib.contextmanager
def _attention(model: Any, config: TrainingConfig, step: int) -> Iterator[None]:
    """The attention of the stage that a step belongs to."""
    if config.stage_at(step).attention == "dense":
        yield
        return
    with use_lighthouse(model, config.lighthouse, dense_layers=config.dense_layers):
        yield


class _Meter:
    """Sums losses on the device and writes a row of means when asked."""

    def __init__(self, accelerator: Accelerator, log: LossLog | None, bar: Any) -> None:
        self._accelerator, self._log, self._bar = accelerator, log, bar
        self._sums = torch.zeros(2, len(FAMILIES), device=accelerator.device)
        self._tokens = 0
        self._since, self._seconds, self._step = time.perf_counter(), log.seconds if log else 0.0, bar.n
        self._rate = 0

    def add(self, losses: torch.Tensor, family: torch.Tensor, tokens: int) -> None:
        """Count a micro-batch's losses [B] of families [B]."""
        self._sums[0].index_add_(0, family, losses)
        self._sums[1].index_add_(0, family, torch.ones_like(losses))
        self._tokens += tokens

    def write(self, step: int, config: TrainingConfig) -> None:
        """Write the means since the last row, over all processes."""
        sums = self._accelerator.reduce(self._sums).cpu().numpy()
        now = time.perf_counter()
        elapsed, self._since = now - self._since, now
        tokens = self._tokens * self._accelerator.num_processes
        self._seconds += elapsed
        self._sums.zero_()
        self._tokens = 0
        if self._log is None:
            return
        loss = float(sums[0].sum() / sums[1].sum())
        rate = round(tokens / elapsed)
        done = step - 1
        means = {
            name: f"{total / count:.5f}" for name, total, count in zip(FAMILIES, sums[0], sums[1], strict=True) if count
        }
        self._log.append(
            {
                "step": step,
                "tokens": sum(config.phase_at(i).tokens_per_step for i in range(step)),
                "seconds": f"{self._seconds:.1f}",
                "attention": config.stage_at(done).attention,
                "length": config.phase_at(done).length,
                "lr": f"{config.lr_at(done):.3e}",
                "tokens_per_second": rate,
                "loss": f"{loss:.5f}",
                **means,
            }
        )
        self._bar.update(step - self._bar.n)
        self._bar.set_postfix_str(f"loss {loss:.4f}, {rate:,} tokens/s, {config.stage_at(done).attention}")


def _claim(out: Path, config: TrainingConfig) -> None:
    """Take the folder for this configuration, or refuse it."""
    path = out / "train.json"
    text = json.dumps(config.to_dict(), indent=2) + "\n"
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != json.loads(text):
            raise InputError(f"--out must be a folder of this configuration, got {out} of another; choose a new folder")
        return
    if out.exists() and any(out.iterdir()):
        raise InputError(f"--out must be empty or hold a training run, got {out}; choose a new folder")
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _save_state(accelerator: Accelerator, state: Path, step: int) -> None:
    """Save weights, optimiser and generators; the older state goes when the new one is whole."""
    accelerator.wait_for_everyone()
    accelerator.save_state(str(state / f"step-{step}"))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        (state / "latest.tmp").write_text(str(step), encoding="utf-8")
        (state / "latest.tmp").replace(state / "latest")
        for folder in state.glob("step-*"):
            if folder.name != f"step-{step}":
                shutil.rmtree(folder)


def _resume(accelerator: Accelerator, state: Path) -> int:
    """Load the last whole state; returns the first step that is still to run."""
    latest = state / "latest"
    if not latest.exists():
        return 0
    step = int(latest.read_text(encoding="utf-8"))
    accelerator.load_state(str(state / f"step-{step}"))
    return step


def _save_checkpoint(model: Any, tokenizer: Any, config: TrainingConfig, folder: Path) -> None:
    """Write a transformers folder in bfloat16, with the settings of its training beside it."""
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CheckpointSettings(config=config.lighthouse, dense_layers=config.dense_layers, training=config.to_dict()).write(
        folder
    )


class _Tensors(NamedTuple):
    """A `Batch` as tensors."""

    ids: torch.Tensor
    counted: torch.Tensor
    family: torch.Tensor


def _tensors(batch: Batch) -> _Tensors:
    return _Tensors(*map(torch.from_numpy, batch))


def _has_gpu() -> bool:
    return torch.cuda.is_available()
