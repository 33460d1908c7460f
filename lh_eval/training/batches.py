"""Training batches: bytes with a mask on what the loss counts.

A sequence is a function of (seed, step, its number in the step) alone, so data order does not depend on attention, on
the number of processes or on where a run was resumed.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
from torch.utils.data import Dataset

from lh_eval.errors import InputError
from lh_eval.training.corpus import split_corpus
from lh_eval.training.families import FAMILIES
from lh_eval.training.recipe.config import TrainingConfig


class Batch(NamedTuple):
    """One process's share of a step.

    ids: [B, N] int64 bytes.
    loss_mask: [B, N] bool, positions whose byte the loss counts; never the first.
    family: [B] int64 index into `FAMILIES`.
    """

    ids: np.ndarray
    loss_mask: np.ndarray
    family: np.ndarray


@dataclasses.dataclass(frozen=True)
class Batches(Dataset[Batch]):
    """The batches of a run by step number, one process's share each: a map-style dataset.

    Attributes:
        config: the run.
        rank: number of this process.
        processes: how many share a step's sequences.

    Raises:
        InputError: the text cannot be read, or is not longer than a sequence.
    """

    config: TrainingConfig
    rank: int = 0
    processes: int = 1

    def __post_init__(self) -> None:
        config = self.config
        longest = max((phase.length for phase in config.phases if "text" in phase.mix), default=0)
        if (longest or config.held_out) and len(split_corpus(config.text, config.held_out).train) <= longest:
            raise InputError(
                f"text must be longer than a sequence of {longest} bytes and what is held out, got {config.text}"
            )

    def __len__(self) -> int:
        return self.config.steps

    def __getitem__(self, step: int) -> Batch:
        config = self.config
        phase = config.phase_at(step)
        needs_corpus = "text" in phase.mix
        corpus = split_corpus(config.text, config.held_out).train if needs_corpus else np.empty(0, dtype=np.uint8)
        shares = np.array([phase.mix.get(name, 0.0) for name in FAMILIES])
        makers = list(FAMILIES.values())
        sequences, family = [], []
        for number in range(self.rank, phase.tokens_per_step // phase.length, self.processes):
            rng = np.random.default_rng((config.seed, step, number))
            drawn = int(rng.choice(len(makers), p=shares / shares.sum()))
            sequences.append(makers[drawn](rng, phase.length, corpus))
            family.append(drawn)
        ids, loss_masks = zip(*sequences, strict=True)
        return Batch(np.stack(ids).astype(np.int64), np.stack(loss_masks), np.array(family))
