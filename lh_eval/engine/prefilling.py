"""Contexts into a cache: read once however many questions they get, and not again where they begin alike."""

import torch

from lh_eval.engine.caches import crop
from lh_eval.methods.base import Reader
from lh_eval.modeling.memory import is_croppable
from lh_eval.modeling.session import Prefill

# Below this share of a context, reading its rest on what is there saves too little for a second way of attending.
_LEAST_SHARED = 1 / 16


class Prefiller:
    """Reads contexts, and keeps the cache of the last ones for those that begin as they do.

    Only a method whose prefixes may be shared reads on: elsewhere what is kept depends on the whole context.

    Args:
        reader: the model under its method.
        sharing: whether to read once what contexts have in common; without, each is read from its beginning.
    """

    def __init__(self, reader: Reader, *, sharing: bool = True) -> None:
        self.reader = reader
        self.model = reader.model
        self.sharing = sharing
        self._ids = torch.empty(0, 0, dtype=torch.long)
        self._last: Prefill | None = None

    def read(self, contexts: list[list[int]], *, logits: bool = False) -> Prefill:
        """Prefill contexts of one length.

        Args:
            contexts: token ids.
            logits: whether those after the last token are wanted; nothing is shared then.

        Returns:
            What was read, the caller's until the next call: who appends to its cache crops it again (`caches.branch`).
        """
        ids = torch.tensor(contexts)
        shared = 0 if logits else self._shared(ids)
        last, self._last = self._last, None  # gone, should reading fail; freed first where it is of no use
        if last is None or shared < _LEAST_SHARED * ids.shape[1]:
            del last
            filled = self.reader.prefill(ids, logits=logits)
        else:
            crop(last.cache, shared)
            filled = last._replace(tokens=shared)
            if shared < ids.shape[1]:
                filled = self.reader.prefill(ids[:, shared:], filled)
        if self.sharing and not logits and self.reader.shares_prefixes and is_croppable(filled.cache):
            self._ids, self._last = ids, filled
        return filled

    def forget(self) -> None:
        """Free the kept cache."""
        self._last = None

    def _shared(self, ids: torch.Tensor) -> int:
        """Tokens that the contexts share with the kept ones, row by row, from the beginning."""
        if self._last is None or len(ids) != len(self._ids):
            return 0
        # what is kept is seen while something is read: at least the last token
        most = min(ids.shape[1] - self.reader.selects, self._ids.shape[1])
        differs = (ids[:, :most] != self._ids[:, :most]).any(0)
        return int(differs.int().argmax()) if bool(differs.any()) else most
