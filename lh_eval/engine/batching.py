"""Which samples run together: what memory holds, and no more than pays."""

import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch

from lh_eval.engine.sharing import Sharing
from lh_eval.store.rows import Key

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Past so many tokens a device is busy anyway, and a kill loses the whole batch.
_CPU_TOKENS = 4096
_CUDA_TOKENS = 262_144

# Rows past which a step of generation is no cheaper for being shared.
_CPU_ANSWERS = 8
_CUDA_ANSWERS = 256
# of the free memory that their caches may take
_ANSWERS_SHARE = 0.4

_ALONE = Sharing()


def batches(keys: Iterable[Key], size_of: Callable[[int], int], sharing: Sharing = _ALONE) -> list[list[Key]]:
    """Cut samples into batches of one length each, several trials in one where they fit.

    Trials that ask about one context stay together, however many. A run that stops early has covered the grid as evenly
    as its batches allow: those with early trials come first.

    Args:
        keys: the samples.
        size_of: the most contexts of a length that are read side by side.
        sharing: what samples share; through the depths, a batch holds all of them, in order, of as many trials as fit.
    """

    def number(key: Key) -> int:
        """Of the context that a trial asks about."""
        return key[3] // sharing.questions

    ordered = sorted(keys, key=lambda key: (key[1], number(key), key[2], key[3]))
    made: list[list[Key]] = []
    for length, same in itertools.groupby(ordered, key=lambda key: key[1]):
        contexts = [list(asked) for _, asked in itertools.groupby(same, lambda key: (number(key), key[2]))]
        size = max(1, size_of(length))
        groups: Iterable[list[list[Key]]]
        if sharing.by_depth:
            side_by_side: dict[int, list[list[Key]]] = defaultdict(list)
            for context in sorted(contexts, key=lambda context: context[0][2]):
                side_by_side[number(context[0]) // size].append(context)
            groups = [side_by_side[part] for part in sorted(side_by_side)]
        else:
            groups = [contexts[start : start + size] for start in range(0, len(contexts), size)]
        made += [list(itertools.chain.from_iterable(group)) for group in groups]
    return sorted(made, key=lambda batch: batch[0][3])


def batch_size(model: "PreTrainedModel", length: int) -> int:
    """Samples of `length` tokens to run at once, at least 1.

    The estimate counts the cache, the activations of one layer and Lighthouse's copies of queries, keys and values,
    and takes half of the memory that is free.
    """
    config = model.config.get_text_config()
    heads, dim = _heads(config), _head_dim(config)
    wide = getattr(config, "intermediate_size", None) or 4 * config.hidden_size
    active = 6 * config.hidden_size + 3 * wide + 16 * heads * dim
    needed = length * (_cached_bytes(model) + active * max(4, model.dtype.itemsize))
    tokens = _CUDA_TOKENS if model.device.type == "cuda" else _CPU_TOKENS
    return max(1, min(int(_free_bytes(model.device) / 2 // needed), tokens // length))


def answers_at_once(model: "PreTrainedModel", length: int, questions: int = 1) -> int:
    """Answers that are generated together after contexts of `length` tokens, at least 1, `questions` to each context.

    A step of a few tokens takes a device about as long for many rows as for one, so that only their caches count; they
    are there once, and a layer's twice while it grows. An H100 with 56 to 112 rows of 4K and 16K tokens of SmolLM2-135M
    held 1.1 to 1.4 times that.
    """
    most = _CUDA_ANSWERS if model.device.type == "cuda" else _CPU_ANSWERS
    contexts = int(_ANSWERS_SHARE * _free_bytes(model.device) // (length * _cached_bytes(model)))
    return max(1, min(contexts * questions, most))


def _cached_bytes(model: "PreTrainedModel") -> int:
    """Bytes of a token's keys and values."""
    config = model.config.get_text_config()
    groups = getattr(config, "num_key_value_heads", None) or _heads(config)
    size: int = 2 * config.num_hidden_layers * groups * _head_dim(config) * model.dtype.itemsize
    return size


def _heads(config: Any) -> int:
    """Attention heads, or of what an architecture has in their place."""
    return getattr(config, "num_attention_heads", None) or getattr(config, "num_heads", None) or 1


def _head_dim(config: Any) -> int:
    return getattr(config, "head_dim", None) or config.hidden_size // _heads(config)


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
