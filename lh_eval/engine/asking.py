"""Questions on filled caches: several that share a context lie side by side in its row, each blind to the others."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

import torch

from lh_eval.engine.caches import branch
from lh_eval.modeling.memory import read_on, takes_many
from lh_eval.modeling.packing import Layout, laid_out
from lh_eval.modeling.session import Prefill
from lh_eval.modeling.settling import Lens

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Asking:
    """Tokens that go on after contexts, for several questions of each.

    A context's keys and values are there once, however many questions it gets: their tokens are appended to its row,
    at the positions that each would have alone, and a question sees the context and itself. Positions go on from the
    tokens that were read, however many of them the cache keeps.

    Args:
        model: transformers causal LM, in a method's block.
        filled: the contexts, a row each; the cache is appended to. Croppable where `repeats` is above 1.
        repeats: questions of each context; row r of what is read belongs to context r // repeats.
        lens: takes settling depths of what is read, attached to the model; None for none.

    Attributes:
        depths: [R, n] those of the newest tokens that got logits; None without a lens, or where nothing was read.
    """

    depths: torch.Tensor | None = None

    def __init__(self, model: "PreTrainedModel", filled: Prefill, repeats: int = 1, lens: Lens | None = None) -> None:
        self.model = model
        self._lens = lens
        self._filled = filled
        self._repeats = repeats
        self._own = torch.empty(repeats, 0, dtype=torch.long, device=model.device)  # slots of each question's tokens

    def read(self, tokens: list[list[int]], *, every: bool = False) -> torch.Tensor:
        """Append tokens, as many to each question.

        Args:
            tokens: token ids [R, n] of R = contexts * repeats questions.
            every: whether logits are wanted after each of them, not the last alone.

        Returns:
            Logits [R, V], or [R, n, V], in the model's dtype.
        """
        logits = self._read(tokens, every=every)
        if self._lens is not None:
            depths = self._lens.take(len(tokens))
            self.depths = depths if every else depths[:, -1:]
        return logits

    def _read(self, tokens: list[list[int]], *, every: bool) -> torch.Tensor:
        ids = torch.tensor(tokens, device=self.model.device)
        R, n = ids.shape
        asked = self._own.shape[1]
        first = asked * self._repeats
        slots = torch.arange(first, first + self._repeats * n, device=ids.device)
        self._own = torch.cat([self._own, slots.view(self._repeats, n)], dim=1)
        begin = self._filled.tokens + asked
        if self._repeats == 1:
            return self._read_on(ids, begin, every=every)
        rows, width = R // self._repeats, self._repeats * n
        positions = torch.arange(begin, begin + n, device=ids.device).repeat(self._repeats)
        last = torch.arange(1, self._repeats + 1, device=ids.device) * n - 1
        with laid_out(Layout(rows, self._filled.cache.get_seq_length() - first, self._own, n)):
            logits: torch.Tensor = self.model(
                input_ids=ids.view(rows, width),
                position_ids=positions.expand(rows, width),
                past_key_values=self._filled.cache,
                logits_to_keep=0 if every else last,
            ).logits
        return logits.reshape(R, n, -1) if every else logits.reshape(R, -1)

    def _read_on(self, ids: torch.Tensor, begin: int, *, every: bool) -> torch.Tensor:
        """Append tokens to rows of one question each, as many at once as the architecture takes."""
        parts: list[torch.Tensor] = []
        for part in ids.split(ids.shape[1] if takes_many(self._filled.cache) else 1, dim=1):
            out, cache = read_on(self.model, part, self._filled.cache, begin, logits_to_keep=0 if every else 1)
            self._filled = self._filled._replace(cache=cache)
            parts = [*parts, out.logits] if every else [out.logits[:, -1]]
            begin += part.shape[1]
        return torch.cat(parts, dim=1) if every else parts[0]

    @contextlib.contextmanager
    def branch(self) -> Iterator["Asking"]:
        """Questions that may be gone on with within the block, while these are afterwards as they were before."""
        with branch(self._filled.cache) as cache:
            other = Asking(self.model, self._filled._replace(cache=cache), self._repeats, self._lens)
            other._own = self._own
            yield other
