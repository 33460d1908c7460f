"""What a scorer is: two scores a token, one as a query and one as a key."""

from typing import NamedTuple, Protocol

import torch

from lh_eval.registry import Registry


class Scores(NamedTuple):
    """Token scores, float32, without gradient; higher is kept first.

    query: [B, H, N] of each token as a query.
    key: [B, G, N] or [B, H, N] of each token as a key; a group's score serves its r query heads.
    """

    query: torch.Tensor
    key: torch.Tensor


class Scorer(Protocol):
    """Scores the tokens of the base sequence; coarser levels take the maximum over their window.

    The first line of the class docstring is what `lh-eval scorers` lists.
    """

    def __call__(self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float) -> Scores:
        """Score each token.

        Args:
            q: [B, H, N, D] queries, after RoPE.
            k: [B, G, N, D] keys, after RoPE.
            v: [B, G, N, D] values.
            scale: factor of the attention logits, usually D**-0.5.
        """
        ...


SCORERS: Registry[Scorer] = Registry("scorer", folder="lh_eval.scorers", group="lh_eval.scorers")
