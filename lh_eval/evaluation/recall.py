"""Selection recall: did the gathered sequence hold the needles at all?"""

from collections.abc import Sequence

import torch

Span = tuple[int, int]


class SelectionRecall:
    """Watches one prefill: the share of (layer, head) pairs whose gathered sequence holds all needles at level 0.

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
        self._held: list[torch.Tensor] = []

    def __call__(self, layer: int, indices: torch.Tensor) -> None:  # noqa: ARG002
        """Take a layer's selected entries [C, H, S] of C contexts; an index below N is the token itself."""
        if self._rows != list(range(len(indices))):
            indices = indices[self._rows]
        held = torch.ones(indices.shape[:2], dtype=torch.bool, device=indices.device)
        for start, stop in self._spans.to(indices.device).permute(1, 2, 0)[..., None, None]:
            inside = ((indices >= start) & (indices < stop)).sum(-1)
            held &= inside == (stop - start)[..., 0]
        self._held.append(held)

    def of_samples(self) -> list[float | None]:
        """Recall of each sample; None where no layer selected anything, or the sample has no needle."""
        if not self._held:
            return [None] * len(self._real)
        shares = torch.stack(self._held, dim=1).float().mean((1, 2)).tolist()
        return [share if spans else None for share, spans in zip(shares, self._real, strict=True)]
