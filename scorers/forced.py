"""Forced: tokens put in or out of the selection, whatever another scorer makes of them."""

import dataclasses
from collections.abc import Sequence

import torch

from lh_eval.scorers.base import Scorer, Scores

_LIMIT = torch.finfo(torch.float32).max


@dataclasses.dataclass(frozen=True, eq=False)
class Forced:
    """Another scorer's scores, but for tokens that are put in or out, each row's own.

    A token that is put in scores higher than any other, as a query and as a key, and so do all entries above it: all
    are kept, and the token is gathered, as long as a tile has no more than `tile_k` of such entries in a level; of
    more, the earliest are. One that is put out scores lower than any other: an entry of level 1 all of whose tokens are
    put out is kept only where a tile has no more than `tile_k` candidates. All scores are finite.

    Attributes:
        scorer: who scores the other tokens.
        put_in: [B, N] tokens that are put in, those that are put out too among them.
        put_out: [B, N] tokens that are put out.
    """

    scorer: Scorer
    put_in: torch.Tensor
    put_out: torch.Tensor

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        """Score tokens; see `Scorer`."""
        return self.put(self.scorer(q, k, v, scale=scale))

    def put(self, scores: Scores) -> Scores:
        """The scores [B, g, N] with those of forced tokens in their place."""
        return Scores(*(self._put(each.float()) for each in scores))

    def _put(self, scores: torch.Tensor) -> torch.Tensor:
        return scores.masked_fill(self.put_out[:, None], -_LIMIT).masked_fill(self.put_in[:, None], _LIMIT)


def natural_of(scorer: Scorer) -> Scorer:
    """Who scores what is not forced."""
    return scorer.scorer if isinstance(scorer, Forced) else scorer


def token_mask(
    spans: Sequence[Sequence[tuple[int, int]]], tokens: int, *, window: int = 1, device: torch.device | None = None
) -> torch.Tensor:
    """[B, N] whether a token lies in one of its row's spans.

    Args:
        spans: of each row, first token and the one after the last.
        tokens: N.
        window: spans are made longer to whole windows of so many tokens: with p, no entry of level 1 has a token of a
            span and another.
        device: where the mask is.
    """
    mask = torch.zeros(len(spans), tokens, dtype=torch.bool)
    for row, of_row in enumerate(spans):
        for start, stop in of_row:
            mask[row, start // window * window : -(-stop // window) * window] = True
    return mask.to(device)
