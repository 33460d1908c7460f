"""What is done to filled caches: cropped, branched, repeated, put together."""

import contextlib
import copy
from collections.abc import Iterator

import torch
from transformers import DynamicCache

from lh_eval.modeling.memory import is_croppable


def crop(cache: DynamicCache, length: int) -> None:
    """Take tokens off a croppable cache's end until `length` are left."""
    if surplus := cache.get_seq_length() - length:
        cache.crop(-surplus)  # negative: tokens to remove, in every version of transformers


class Stack:
    """Copies of caches of one length, put together into one with the rows of all."""

    def __init__(self) -> None:
        self._parts: list[list[tuple[torch.Tensor, torch.Tensor]]] = []

    def add(self, cache: DynamicCache) -> None:
        """Copy a croppable cache's rows."""
        self._parts.append([(layer.keys.clone(), layer.values.clone()) for layer in cache.layers])

    def join(self) -> DynamicCache:
        """All rows, in the order they came; the copies are freed layer by layer."""
        cache = DynamicCache()
        for index in range(len(self._parts[0])):
            keys, values = zip(*(part[index] for part in self._parts), strict=True)
            for part in self._parts:
                part[index] = (keys[0][:0], values[0][:0])
            cache.update(torch.cat(keys), torch.cat(values), index)
        return cache


@contextlib.contextmanager
def branch(cache: DynamicCache) -> Iterator[DynamicCache]:
    """A cache that may be appended to within the block, while `cache` is afterwards as it was before."""
    if not is_croppable(cache):
        yield copy.deepcopy(cache)
        return
    length = cache.get_seq_length()
    try:
        yield cache
    finally:
        crop(cache, length)


@contextlib.contextmanager
def repeated(cache: DynamicCache, repeats: int) -> Iterator[DynamicCache]:
    """The cache with each row `repeats` times within the block; afterwards it has each row once."""
    if repeats == 1:
        yield cache
        return
    rows = _rows(cache)
    cache.reorder_cache(torch.arange(rows).repeat_interleave(repeats))
    try:
        yield cache
    finally:
        cache.reorder_cache(torch.arange(0, rows * repeats, repeats))


def _rows(cache: DynamicCache) -> int:
    for layer in cache.layers:  # one of states alone has no keys, one of nothing has neither
        for held in (getattr(layer, "keys", None), *getattr(layer, "conv_states", {}).values()):
            if held is not None:
                return len(held)
    raise AssertionError("a cache that was filled holds something")
