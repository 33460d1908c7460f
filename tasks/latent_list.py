"""Latent list: a list that few of many program lines change, and a fact about what it then holds."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.filler import Filler
from lh_eval.tasks.building.plan import Plan, PlannedTask
from lh_eval.tasks.building.pools import pool_of
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_OTHERS = "bcdefgh"
_ASKED = {"sum": "sum(a)", "max": "max(a)", "length": "len(a)"}


@TASKS.register("latent_list")
@dataclasses.dataclass(frozen=True)
class LatentList(PlannedTask):
    """Lines of Python of which a few, anywhere and in order, change the list `a`; what it ends as must be known.

    The other lines change lists of other names, by numbers of four digits.

    Measures: keeping a state up to date over the whole context, which no line states; the depth moves nothing.
    Source: Michelangelo's Latent List, Vodrahalli et al. 2024, arXiv:2409.12640, section 3.1.

    Attributes:
        operations: lines that change the list.
        view: what is asked of it: its `sum`, its `max` or its `length`.
    """

    name: ClassVar[str] = "latent_list"
    uses_depth: ClassVar[bool] = False
    haystack: ClassVar[str] = "needles"
    operations: int = 5
    view: Literal["sum", "max", "length"] = "sum"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("operations", self.operations, 1, 50)

    def plan(self, tokenizer: "PreTrainedTokenizerBase", rng: np.random.Generator) -> Plan:
        """Draw operations and follow them; the first one adds, so that there is something to ask about."""
        held: list[int] = []
        lines = []
        for _ in range(self.operations):
            kind = rng.choice(["append", "insert", "pop", "remove"], p=[0.4, 0.2, 0.2, 0.2]) if len(held) > 1 else ""
            number = int(rng.choice(np.setdiff1d(np.arange(1, 100), held)))
            match kind:
                case "insert":
                    held.insert(0, number)
                    lines.append(f"\na.insert(0, {number})")
                case "pop":
                    held.pop()
                    lines.append("\na.pop()")
                case "remove":
                    gone = held.pop(int(rng.integers(len(held))))
                    lines.append(f"\na.remove({gone})")
                case _:
                    held.append(number)
                    lines.append(f"\na.append({number})")
        answer = {"sum": sum(held), "max": max(held), "length": len(held)}[self.view]
        asked = _ASKED[self.view]

        def haystack(n: int, rng: np.random.Generator) -> Filler:
            return _other_lines(tokenizer, n, rng)

        return Plan(
            intro="Follow the program below with care: at its end you are asked what it has made of the list a.\n"
            "a, b, c, d, e, f, g, h = [], [], [], [], [], [], [], []",
            needles=tuple(lines),
            question=f"\n\nWhat does print({asked}) print at the end of the program above? The value of {asked} is",
            answers=(str(answer),),
            scoring="number",
            haystack=haystack,
            in_order=True,
        )


def _other_lines(tokenizer: "PreTrainedTokenizerBase", n: int, rng: np.random.Generator) -> Filler:
    """N tokens of lines about the other lists, the last one cut."""
    pool = pool_of(tokenizer, "lines about other lists", _texts)
    picks = rng.integers(len(pool.lengths), size=1 + n // int(pool.lengths.min()))
    ids, starts = pool.join(picks)
    return Filler(ids[:n], np.append(starts[starts < n], n))


def _texts() -> list[str]:
    draw = np.random.default_rng(0).integers(1000, 10_000, size=4096).tolist()
    kinds = ("\n{}.append({})", "\n{}.insert(0, {})", "\nprint({}, {})")
    return [kinds[i % len(kinds)].format(_OTHERS[i % len(_OTHERS)], number) for i, number in enumerate(draw)]
