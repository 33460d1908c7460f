"""The training loop: both schedules over one optimiser, on accelerate, resumable after a kill."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch.utils.data import DataLoader
from tqdm import tqdm
from transformers import PreTrainedModel

from lh_eval.attention.dense import fastest_first
from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.interrupts import stop_if_asked
from lh_eval.methods.lighthouse import use_lighthouse
from lh_eval.training.batches import Batch, Batches
from lh_eval.training.corpus import split_corpus
from lh_eval.training.folder import TrainingFolder
from lh_eval.training.held_out import held_out_loss
from lh_eval.training.loss_log import LossLog
from lh_eval.training.metrics import TrainingMetrics
from lh_eval.training.model import MaskedLoss, build_model, compile_layers
from lh_eval.training.progress import Progress
from lh_eval.training.recipe.config import TrainingConfig
from lh_eval.training.trunk import read_trunk

_log = logging.getLogger(__name__)


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


def train(config: TrainingConfig, out: Path, *, pace: Pace = Pace(), trunk: Path | None = None) -> Path | None:
    """Train, or go on where a killed run stopped.

    Args:
        config: what to train; of a branch, what comes after its trunk.
        out: folder of the run, see `TrainingFolder`.
        pace: logging and saving.
        trunk: of a branch, the folder of the finished training that it goes on from.

    Returns:
        The finished checkpoint's folder, at once where `out` has it; None when `max_steps` stopped the run first.

    Raises:
        InputError: the model or the text of `config` cannot be used, `trunk` is no trunk of it, or `out` holds
            something else. Nothing was changed then.
    """
    start = None if trunk is None else read_trunk(trunk)
    config = config if start is None else start.branch(config)
    precision = config.precision if torch.cuda.is_available() else "no"
    accelerator = Accelerator(mixed_precision=precision)
    set_seed(config.seed)
    tokenizer = byte_tokenizer()
    model = build_model(config.model, tokenizer, seed=config.seed)
    Batches(config)  # refuses a text that it cannot use
    folder = TrainingFolder(out)
    if accelerator.is_main_process:
        folder.claim(config)
    accelerator.wait_for_everyone()
    if folder.finished:
        return folder.checkpoint

    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=config.learning_rate(0),
        betas=config.optimizer.betas,
        weight_decay=config.optimizer.weight_decay,
        fused=accelerator.device.type == "cuda",
    )
    if config.compile and accelerator.device.type == "cuda":
        compile_layers(model)
    loss_of, optimizer = accelerator.prepare(MaskedLoss(model), optimizer)
    first, progress = folder.resume(accelerator, config, start and start.state)
    log = LossLog(folder.loss, step=first) if accelerator.is_main_process else None
    held_out = None
    if config.held_out:
        text = split_corpus(config.text, config.held_out).held_out
        held_out = partial(held_out_loss, model, text, accelerator=accelerator)

    most = None if pace.max_steps is None else first + pace.max_steps
    on_screen = accelerator.is_main_process and _log.isEnabledFor(logging.WARNING)
    bar = tqdm(total=config.steps, initial=first, unit="step", disable=not on_screen, mininterval=1)
    with bar, fastest_first(), _Attention(model, config) as attention:
        metrics = TrainingMetrics(accelerator, log, bar)
        for step, batch in _batches(progress, accelerator, first, most, pace.workers):
            stop_if_asked()
            for group in optimizer.param_groups:
                group["lr"] = config.learning_rate(step)
            attention.become(config.stage_at(step).attention)
            _step(accelerator, loss_of, optimizer, batch, config, (metrics, progress))
            gate_over = progress.after(step)
            config = progress.config
            last = step + 1 in (most, config.steps)
            if (step + 1) % pace.log_every == 0 or gate_over or last:
                metrics.write(step + 1, config, held_out and partial(held_out, config.phase_at(step).length))
            if accelerator.is_main_process:
                for name in config.kept_after(step + 1):
                    folder.keep(model, tokenizer, config, name, step + 1)
            if (step + 1) % pace.save_every == 0 or gate_over or last:
                folder.save_state(accelerator, step + 1, progress)
    if most is not None and most < config.steps:
        return None
    if accelerator.is_main_process:
        folder.finish(model, tokenizer, progress)
    accelerator.wait_for_everyone()
    return folder.checkpoint


def _batches(
    progress: Progress, accelerator: Accelerator, step: int, most: int | None, workers: int
) -> Iterator[tuple[int, "_Tensors"]]:
    """Each step with its batch, up to `most` or the end of the schedule, which a gate may bring nearer."""
    collate: Any = _tensors  # without batching it takes the item itself, which DataLoader's type does not say
    while step < min(progress.config.steps, most or progress.config.steps):
        config = progress.config
        end = min(progress.span_end(step), most or config.steps)
        loader: DataLoader[Any] = DataLoader(
            Batches(config, accelerator.process_index, accelerator.num_processes),
            batch_size=None,
            sampler=range(step, end),
            num_workers=workers,
            collate_fn=collate,
        )
        for number, batch in zip(range(step, end), loader, strict=True):
            yield number, batch
            step = number + 1
            if progress.config is not config:
                break


def _step(
    accelerator: Accelerator,
    loss_of: MaskedLoss,
    optimizer: torch.optim.Optimizer,
    batch: "_Tensors",
    config: TrainingConfig,
    counters: Sequence[TrainingMetrics | Progress],
) -> None:
    """One optimiser step over micro-batches of at most `micro_tokens` tokens, whose losses the counters are told."""
    ids, loss_mask, family = batch
    rows = max(1, config.micro_tokens // ids.shape[1])
    for start in range(0, len(ids), rows):
        part = slice(start, start + rows)
        part_ids = ids[part].to(accelerator.device, non_blocking=True)
        part_mask = loss_mask[part].to(accelerator.device, non_blocking=True)
        sync = start + rows >= len(ids)
        with contextlib.nullcontext() if sync else accelerator.no_sync(loss_of):
            losses = loss_of(part_ids, part_mask)
            accelerator.backward(losses.sum() / len(ids))
        families = family[part].to(accelerator.device, non_blocking=True)
        for counter in counters:
            counter.add(losses.detach(), families, part_ids.numel())
    accelerator.clip_grad_norm_(loss_of.parameters(), config.optimizer.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


class _Attention(contextlib.ExitStack):
    """How the model attends: one stage's attention until the next one's, or the end of the block."""

    def __init__(self, model: PreTrainedModel, config: TrainingConfig) -> None:
        super().__init__()
        self._model, self._config, self._now = model, config, "dense"

    def become(self, attention: str) -> None:
        """Attend as a stage says."""
        if attention == self._now:
            return
        self.close()
        if attention == "lighthouse":
            self.enter_context(
                use_lighthouse(self._model, self._config.lighthouse, dense_layers=self._config.dense_layers)
            )
        self._now = attention


class _Tensors(NamedTuple):
    """A `Batch` as tensors."""

    ids: torch.Tensor
    loss_mask: torch.Tensor
    family: torch.Tensor


def _tensors(batch: Batch) -> _Tensors:
    return _Tensors(*map(torch.from_numpy, batch))
