"""Questions on filled caches: several that share a context lie side by side in its row, each blind to the others."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from transformers import DynamicCache

from lh_eval.evaluation.prefilling import branch


class Asking:
    """Tokens that go on after contexts, for several questions of each.

    A context's keys and values are there once, however many questions it gets: their tokens are appended to its row,
    at the positions that each would have alone, and a mask lets a question see the context and itself.

    Args:
        model: transformers causal LM, attending densely.
        cache: the contexts, a row each; it is appended to. Croppable where `repeats` is above 1.
        repeats: questions of each context; row r of what is read belongs to context r // repeats.
    """

    def __init__(self, model: Any, cache: DynamicCache, repeats: int = 1) -> None:
        self.model = model
        self._cache = cache
        self._repeats = repeats
        self._begin = cache.get_seq_length()
        self._owners = self._times = torch.empty(0, dtype=torch.long, device=model.device)

    def read(self, tokens: list[list[int]], *, every: bool = False) -> torch.Tensor:
        """Append tokens, as many to each question.

        Args:
            tokens: token ids [R, n] of R = contexts * repeats questions.
            every: whether logits are wanted after each of them, not the last alone.

        Returns:
            Logits [R, V], or [R, n, V], in the model's dtype.
        """
        ids = torch.tensor(tokens, device=self.model.device)
        R, n = ids.shape
        if self._repeats == 1:
            keep = {} if every else {"logits_to_keep": 1}
            logits: torch.Tensor = self.model(input_ids=ids, past_key_values=self._cache, **keep).logits
            return logits if every else logits[:, -1]
        rows, width = R // self._repeats, self._repeats * n
        owners, times = self._appended(n)
        last = torch.arange(1, self._repeats + 1, device=ids.device) * n - 1
        logits = self.model(
            input_ids=ids.view(rows, width),
            attention_mask=self._mask(owners[-width:], times[-width:], owners, times).expand(rows, 1, width, -1),
            position_ids=(self._begin + times[-width:]).expand(rows, width),
            past_key_values=self._cache,
            logits_to_keep=0 if every else last,
        ).logits
        self._owners, self._times = owners, times
        return logits.reshape(R, n, -1) if every else logits.reshape(R, -1)

    @contextlib.contextmanager
    def branch(self) -> Iterator["Asking"]:
        """Questions that may be gone on with within the block, while these are afterwards as they were before."""
        with branch(self._cache) as cache:
            other = Asking(self.model, cache, self._repeats)
            other._begin, other._owners, other._times = self._begin, self._owners, self._times
            yield other

    def _appended(self, n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Question and place within it of all tokens after the context, `n` more of each question among them."""
        device, told = self._owners.device, len(self._owners) // self._repeats
        owners = torch.arange(self._repeats, device=device).repeat_interleave(n)
        times = torch.arange(told, told + n, device=device).repeat(self._repeats)
        return torch.cat([self._owners, owners]), torch.cat([self._times, times])

    def _mask(
        self, owners: torch.Tensor, times: torch.Tensor, key_owners: torch.Tensor, key_times: torch.Tensor
    ) -> torch.Tensor:
        """Which keys [1, 1, n, context + appended] each query sees: the context, and its own up to itself."""
        own = (owners[:, None] == key_owners) & (times[:, None] >= key_times)
        context = own.new_ones(len(owners), self._begin)
        return torch.cat([context, own], dim=1)[None, None]
