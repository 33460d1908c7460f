"""Selection recall: did the gathered sequence hold the needles at all, and which heads dropped them?"""

from collections.abc import Sequence
from typing import NamedTuple

import torch

Span = tuple[int, int]


class Recall(NamedTuple):
    """What became of one sample's needles.

    share: of the (layer, head) pairs that held all of them.
    dropped: the other pairs, as ((layer, (head, ...)), ...), both ascending.
    """

    share: float
    dropped: tuple[tuple[int, tuple[int, ...]], ...]


class SelectionRecall:
    """Watches one read: the (layer, head) pairs that keep all tokens of all needles.

    Args:
        spans: first and last-but-one token of each needle of each sample.
        rows: the prefill's row that each sample's context is.
    """

    def __init__(self, spans: Sequence[Sequence[Span]], rows: Sequence[int]) -> None:
        self._rows = list(rows)
        self._real = [[(start, stop) for start, stop in each if stop > start] for each in spans]
        # to one number of spans each: the empty one is always held
        most = max(map(len, self._real), default=0)
        filled = [[*each, *[(0, 0)] * (most - len(each))] for each in self._real]
        self._spans = torch.tensor(filled).reshape(len(filled), most, 2)
        self._held: dict[int, torch.Tensor] = {}

    def __call__(self, layer: int, indices: torch.Tensor) -> None:
        """Take the positions [C, H, S] that a layer keeps of C contexts; of what is read in parts, the last counts.

        What is no token's, as pooled entries are, lies in no span.
        """
        if self._rows != list(range(len(indices))):
            indices = indices[self._rows]
        held = torch.ones(indices.shape[:2], dtype=torch.bool, device=indices.device)
        for start, stop in self._spans.to(indices.device).permute(1, 2, 0)[..., None, None]:
            inside = ((indices >= start) & (indices < stop)).sum(-1)
            held &= inside == (stop - start)[..., 0]
        self._held[layer] = held

    def of_samples(self) -> list[Recall | None]:
        """Recall of each sample; None where no layer selected anything, or the sample has no needle."""
        if not self._held:
            return [None] * len(self._real)
        held = torch.stack(list(self._held.values()), dim=1)
        shares, heads = held.float().mean((1, 2)).tolist(), held.tolist()
        return [
            Recall(share, self._dropped(of_sample)) if spans else None
            for share, of_sample, spans in zip(shares, heads, self._real, strict=True)
        ]

    def _dropped(self, held: list[list[bool]]) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """From whether each head of each layer holds the needles to the layers and heads that do not."""
        lost = (
            (layer, tuple(head for head, kept in enumerate(heads) if not kept))
            for layer, heads in zip(self._held, held, strict=True)
        )
        return tuple(sorted((layer, heads) for layer, heads in lost if heads))
