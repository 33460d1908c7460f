"""What is done to filled caches: cropped, branched, repeated, put together."""

import contextlib
import copy
from collections.abc import Iterator

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer


def is_croppable(cache: DynamicCache) -> bool:
    """Whether tokens can be taken off the cache's end: not where a layer keeps a window or a state."""
    return all(type(layer) is DynamicLayer for layer in cache.layers)


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
    rows = cache.layers[0].keys.shape[0]
    cache.batch_repeat_interleave(repeats)
    try:
        yield cache
    finally:
        cache.batch_select_indices(torch.arange(0, rows * repeats, repeats, device=cache.layers[0].keys.device))
