"""`Gate`: what a phase of the data waits for, instead of a number of steps."""

from typing import Annotated

from pydantic import Field

from lh_eval.errors import InputError
from lh_eval.training.families import FAMILIES
from lh_eval.validation import validated


@validated("gate")
class Gate:
    """A phase with a gate ends as soon as its losses are low enough, and after its own steps at the latest.

    What emerges does so at another step in every training; a gate lets what follows begin alike.

    Attributes:
        below: a family's mean loss that must be fallen below, for each family named, such as `{keyed = 0.03}`.
        window: steps that the mean is over, and after which one looks.
    """

    below: dict[str, float]
    window: Annotated[int, Field(ge=1)] = 20

    def __post_init__(self) -> None:
        if not self.below or set(self.below) - set(FAMILIES) or min(self.below.values()) <= 0:
            raise InputError(f"below must give losses above 0 to some of {', '.join(FAMILIES)}, got {self.below}")

    def passed(self, losses: dict[str, float]) -> bool:
        """Whether mean losses by family are all low enough; a family that was not drawn is not."""
        return all(losses.get(name, float("inf")) < most for name, most in self.below.items())
