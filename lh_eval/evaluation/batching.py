"""Which samples run together: what memory holds, and no more than pays."""

import functools
import itertools
import os
from collections.abc import Callable, Iterable
from typing import Any

import torch

from lh_eval.evaluation.planning import Plan
from lh_eval.results.rows import Key

# Past so many tokens a device is busy anyway, and a kill loses the whole batch.
_CPU_TOKENS = 4096
_CUDA_TOKENS = 262_144

_ALONE = Plan()


def batches(keys: Iterable[Key], size_of: Callable[[int], int], plan: Plan = _ALONE) -> list[list[Key]]:
    """Cut samples into batches of one length each, several trials in one where they fit.

    Trials that ask about one context stay together, however many. A run that stops early has covered the grid as evenly
    as its batches allow: those with early trials come first.

    Args:
        keys: the samples.
        size_of: the most samples of a length that run together.
        plan: what samples share; through the depths, batches hold as many trials of a depth as fit.
    """
    ordered = sorted(keys, key=lambda key: (key[1], key[3] // plan.questions, key[2], key[3]))
    made: list[list[Key]] = []
    for length, same in itertools.groupby(ordered, key=lambda key: key[1]):
        contexts = [list(asked) for _, asked in itertools.groupby(same, lambda key: (key[3] // plan.questions, key[2]))]
        size = max(1, size_of(length) // plan.questions)
        groups: Iterable[list[list[Key]]]
        if plan.by_depth:
            lane = functools.partial(_lane, plan=plan, size=size)
            groups = [list(group) for _, group in itertools.groupby(sorted(contexts, key=lane), lane)]
        else:
            groups = [contexts[start : start + size] for start in range(0, len(contexts), size)]
        made += [list(itertools.chain.from_iterable(group)) for group in groups]
    return sorted(made, key=lambda batch: batch[0][3])


def _lane(context: list[Key], *, plan: Plan, size: int) -> tuple[int, float]:
    """What contexts that are read side by side have in common: they are as many trials, of one depth."""
    _, _, depth, trial = context[0]
    return trial // plan.questions // size, depth


def batch_size(model: Any, length: int) -> int:
    """Samples of `length` tokens to run at once, at least 1.

    The estimate counts the cache, the activations of one layer and Lighthouse's copies of queries, keys and values,
    and takes half of the memory that is free.
    """
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    dim = getattr(config, "head_dim", None) or config.hidden_size // heads
    groups = getattr(config, "num_key_value_heads", None) or heads
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    cached = 2 * config.num_hidden_layers * groups * dim
    active = 6 * config.hidden_size + 3 * wide + 16 * heads * dim
    needed = length * (cached * model.dtype.itemsize + active * max(4, model.dtype.itemsize))
    tokens = _CUDA_TOKENS if model.device.type == "cuda" else _CPU_TOKENS
    return max(1, min(int(_free_bytes(model.device) / 2 // needed), tokens // length))


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
