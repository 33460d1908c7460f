"""RULER's task with several values for one key, all of them asked for."""

import dataclasses
from typing import ClassVar

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.niah import Counts, HaystackOption, NiahTask, check_count


@TASKS.register("niah_multivalue")
@dataclasses.dataclass(frozen=True)
class NiahMultivalue(HaystackOption, NiahTask):
    """Several numbers with one key, in prose; all of them must be named.

    Measures: whether everything that a key names is retrieved, not the nearest only.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.1 (MV-NIAH).

    Attributes:
        values: numbers of the key; the first lies at the sample's depth, the others anywhere.
        haystack: `noise`, `words`, `prose`, or another source of prose.
    """

    name: ClassVar[str] = "niah_multivalue"
    values: int = 4
    haystack: str = "prose"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_count("values", self.values, 1, 1000)

    def counts(self) -> Counts:
        """All values of the one key are asked for."""
        return Counts(values=self.values)
