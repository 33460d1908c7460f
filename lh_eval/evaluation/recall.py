"""Selection recall: did the gathered sequence hold the needle at all?"""

import torch


class SelectionRecall:
    """Watches one prefill: the share of (layer, head) pairs whose gathered sequence holds the needle at level 0.

    Args:
        spans: first and last-but-one token of each sample's needle, in batch order.
    """

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        self._spans = spans
        self._held: list[torch.Tensor] = []

    def __call__(self, layer: int, indices: torch.Tensor) -> None:  # noqa: ARG002
        """Take a layer's selected entries [B, H, S]; an index below N is the token itself."""
        start, stop = torch.tensor(self._spans, device=indices.device).T[..., None, None]
        inside = ((indices >= start) & (indices < stop)).sum(-1)
        self._held.append(inside == (stop - start)[..., 0])

    def of_samples(self) -> list[float | None]:
        """Recall of each sample; None where no layer selected anything."""
        if not self._held:
            return [None] * len(self._spans)
        return torch.stack(self._held, dim=1).float().mean((1, 2)).tolist()
