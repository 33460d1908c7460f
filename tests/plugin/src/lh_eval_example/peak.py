"""Peak scorer: tokens with one large component."""

import dataclasses

from lh_eval.scorers.base import Scores


@dataclasses.dataclass(frozen=True)
class Peak:
    """Largest component of q and of k, to a power."""

    power: int = 1

    def __call__(self, q, k, v, *, scale):
        """Score tokens."""
        return Scores(*(x.float().abs().amax(-1) ** self.power for x in (q, k)))
