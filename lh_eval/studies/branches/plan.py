"""What the experiment is made of, in the order in which scarce time is spent."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, get_args

from lh_eval.errors import InputError, unknown_name
from lh_eval.spec import slug
from lh_eval.store.sweep import DENSE

Kind = Literal["trunk", "branch", "intervention", "resume", "evaluation"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Cell(NamedTuple):
    """A recipe: how the branch attends between trunk and dense resume; all None is dense, the control."""

    scorer: str | None = None
    k: int | None = None
    rope: str | None = None

    @property
    def name(self) -> str:
        """`dense`, `norm-k256` or `norm-k256-after`."""
        if self.scorer is None:
            return DENSE
        return f"{slug(self.scorer)}-k{self.k}" + (f"-{self.rope}" if self.rope != "before" else "")


class Job(NamedTuple):
    """One step: a training with the evaluation of what it kept, interventions, or a further evaluation.

    cell: None for a trunk.
    """

    kind: Kind
    cell: Cell | None
    seed: int

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.kind} {self.cell.name if self.cell else ''}-s{self.seed}".replace(" -", " ")


class Design(NamedTuple):
    """The factors.

    scorers: of the branches.
    ks: budgets of the branches.
    ropes: "before", and "after" for `rope_scorers` at the first budget.
    rope_scorers: of the branches whose entries are rotated after selection.
    """

    scorers: Sequence[str]
    ks: Sequence[int]
    ropes: Sequence[str]
    rope_scorers: Sequence[str]

    @property
    def primary(self) -> list[Cell]:
        """Scorer x k as released."""
        return [Cell(scorer, k, "before") for scorer in self.scorers for k in self.ks]

    @property
    def rotated(self) -> list[Cell]:
        """The others that RoPE's place is compared on."""
        later = [rope for rope in self.ropes if rope != "before"]
        return [Cell(scorer, self.ks[0], rope) for rope in later for scorer in self.rope_scorers]

    @property
    def resumed(self) -> list[Cell]:
        """Those that dense steps follow."""
        return [Cell(), *(cell for cell in self.primary if cell.k == self.ks[0]), *self.rotated]

    def jobs(self, seeds: Sequence[int], kinds: Sequence[Kind] = KINDS) -> Iterator[Job]:
        """Every job of some kinds, all seeds of one cell before the next: what a budget cuts off leaves whole ones."""
        tiers: tuple[tuple[Kind, Sequence[Cell | None]], ...] = (
            ("trunk", (None,)),
            ("branch", self.primary),
            ("intervention", self.primary[:1]),
            ("branch", self.rotated),
            ("branch", (Cell(),)),
            ("resume", self.resumed),
            ("evaluation", [*self.primary, *self.rotated]),
        )
        for kind, cells in tiers:
            for cell in cells if kind in kinds else ():
                for seed in seeds:
                    yield Job(kind, cell, seed)


def parse_kinds(text: str) -> list[Kind]:
    """Kinds of jobs such as `trunk,branch`.

    Raises:
        InputError: one is none.
    """
    asked = [part.strip() for part in text.split(",")]
    if unknown := [part for part in asked if part not in KINDS]:
        raise unknown_name("kind of job", unknown[0], KINDS)
    return [kind for kind in KINDS if kind in asked]


def parse_seeds(text: str) -> list[int]:
    """Seeds such as `0-7` or `0,2,5`.

    Raises:
        InputError: it is neither.
    """
    seeds: list[int] = []
    for part in text.split(","):
        match = re.fullmatch(r"(\d+)(?:-(\d+))?", part.strip())
        if not match:
            raise InputError(f"seeds must be such as 0-7 or 0,2,5, got {text!r}")
        seeds += range(int(match[1]), int(match[2] or match[1]) + 1)
    if not seeds or len(set(seeds)) != len(seeds):
        raise InputError(f"seeds must be different ones, got {text!r}")
    return seeds
