"""A colour in alphanumeric filler, judged by its first letter."""

import dataclasses

from lh_eval.tasks.base import context_rng
from lh_eval.tasks.building.filler import draw_filler
from lh_eval.tasks.building.plan import Plan, lay_out

COLOURS = ["red", "green", "blue", "white"]


@dataclasses.dataclass(frozen=True)
class Colour:
    """A colour in alphanumeric filler, judged by its first letter."""

    def sample(self, tokenizer, *, length, depth, trial, seed=0):
        """Make one sample."""
        rng = context_rng("colour", length=length, trial=trial, seed=seed)
        colour = COLOURS[rng.integers(len(COLOURS))]
        plan = Plan(
            intro="",
            needles=(f" The door is {colour}. ",),
            question=" What colour is the door? The door is",
            answers=(colour,),
            scoring="first_letter",
            haystack=lambda n, rng: draw_filler(tokenizer, n, rng),
        )
        return lay_out(tokenizer, plan, length=length, depth=depth, rng=rng)
