"""Running a scorer on a sequence, and refusing what it returns if it cannot be ranked."""

from collections.abc import Callable

import torch

from lh_eval.attention.dense import fastest_kernels
from lh_eval.attention.rotary import Rotary
from lh_eval.errors import InputError
from lh_eval.kernels.rotation import unrotated
from lh_eval.scorers.base import Scorer, Scores
from lh_eval.scorers.forced import natural_of
from lh_eval.scorers.norm import Norm


def token_scores(
    scorer: Scorer,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale: float,
    rotary: Rotary | None = None,
    undo: Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor] = unrotated,
) -> Scores:
    """Scores of each token, of the right shape.

    Args:
        scorer: what scores.
        q: [B, H, N, D] queries.
        k: [B, G, N, D] keys.
        v: [B, G, N, D] values.
        scale: factor of the attention logits.
        rotary: the rotation of q and k, where scorers are to see them without it; norms are the same with it.
        undo: computes them without, as `unrotated` does.

    Returns:
        Query and key scores, [B, g, N] each with g a divisor of H.

    Raises:
        InputError: a score has another shape.
    """
    if rotary is not None and type(natural_of(scorer)) is not Norm:
        q, k = (rotary.undone(x, undo) for x in (q, k))
    with fastest_kernels():  # of the attention that some scorers are
        scores = scorer(q, k, v, scale=scale)
    B, H, N, _ = q.shape
    for kind, values in zip(Scores._fields, scores, strict=True):
        if values.ndim != 3 or (values.shape[0], values.shape[2]) != (B, N) or H % values.shape[1]:
            raise InputError(
                f"{kind} scores must be [{B}, G, {N}] with G a divisor of {H}, got {tuple(values.shape)}; "
                "fix the scorer"
            )
    return scores


def require_finite(**tensors: torch.Tensor) -> None:
    """Refuse [B, H, N] scores or [B, H, N, D] queries, keys and values that are not finite.

    Raises:
        InputError: names the tensor, the value, batch row, head and position.
    """
    for name, values in tensors.items():
        finite = values.isfinite()
        if not finite.all():
            place = tuple((~finite).nonzero()[0].tolist())
            batch, head, position, *_ = place
            raise InputError(
                f"{name.replace('_', ' ')} must be finite, got {values[place].item()} at batch {batch}, head {head}, "
                f"position {position}; look for inf or nan in the model's activations"
            )
