"""RULER's task with several keys, all asked for in one question."""

import dataclasses
from typing import ClassVar

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.niah import Counts, HaystackOption, NiahTask, check_count


@TASKS.register("niah_multiquery")
@dataclasses.dataclass(frozen=True)
class NiahMultiquery(HaystackOption, NiahTask):
    """Several numbers with a key each, in prose; one question names all keys, and all must be answered.

    Measures: whether several retrievals succeed in one answer.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (MQ-NIAH).

    Attributes:
        queries: keys; the first lies at the sample's depth, the others anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_multiquery"
    queries: int = 4
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("queries", self.queries, 1, 1000)

    def counts(self) -> Counts:
        """Each key is asked for."""
        return Counts(keys=self.queries, asked=self.queries)
