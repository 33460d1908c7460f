"""Contexts into a cache: read once however many questions they get, and not again where they begin alike."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from lh_eval.modeling.session import Session

# Below this share of a context, reading its rest on what is there saves too little for a second way of attending.
_LEAST_SHARED = 1 / 16


class Prefiller:
    """Reads contexts, and keeps the cache of the last ones for those that begin as they do.

    Only dense attention reads on: under Lighthouse what is selected depends on the whole context.

    Args:
        model: transformers causal LM, in `session`.
        session: how it attends.
        sharing: whether to read once what contexts have in common; without, each is read from its beginning.
    """

    def __init__(self, model: Any, session: Session, *, sharing: bool = True) -> None:
        self.model = model
        self.session = session
        self.sharing = sharing
        self.croppable = is_croppable(DynamicCache(config=model.config))
        self._ids = torch.empty(0, 0, dtype=torch.long)
        self._cache: DynamicCache | None = None

    def read(self, contexts: list[list[int]]) -> DynamicCache:
        """Prefill contexts of one length.

        Returns:
            Keys and values of the contexts, the caller's until the next call: who appends to them crops them again
            (`branch`).
        """
        ids = torch.tensor(contexts)
        shared = self._shared(ids)
        cache, self._cache = self._cache, None  # gone, should reading fail; freed first where it is of no use
        if cache is None or shared < _LEAST_SHARED * ids.shape[1]:
            del cache
            cache = self.session.fill_cache(self.model, ids.to(self.model.device))
        else:
            crop(cache, shared)
            if shared < ids.shape[1]:
                cache = self.session.fill_cache(self.model, ids[:, shared:].to(self.model.device), cache)
        if self.sharing and self.session.config is None and is_croppable(cache):
            self._ids, self._cache = ids, cache
        return cache

    def forget(self) -> None:
        """Free the kept cache."""
        self._cache = None

    def _shared(self, ids: torch.Tensor) -> int:
        """Tokens that the contexts share with the kept ones, row by row, from the beginning."""
        if self._cache is None or len(ids) != len(self._ids):
            return 0
        most = min(ids.shape[1], self._ids.shape[1])
        differs = (ids[:, :most] != self._ids[:, :most]).any(0)
        return int(differs.int().argmax()) if bool(differs.any()) else most


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
