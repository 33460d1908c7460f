"""RULER's frequent words: a coded text whose words' frequencies follow a zeta distribution."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.answer_prefix import last_sentence
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.filler import filler_words
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import generated_sample, spec_of
from lh_eval.tasks.building.pools import pool_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

INTRO = "Read the coded text below with care: some of its words come more often than others. Ignore the dots.\n"
QUESTION = "\nWhich three words come most often in the coded text above? The words that come most often are"
_DOTS = " ..."
_ASKED = 3
_RANKS = 2000
_WORDS = 4096


@TASKS.register("fwe")
@dataclasses.dataclass(frozen=True)
class FrequentWords:
    """A coded text of made-up words, their frequencies falling with their rank; the three most frequent must be named.

    Dots have the first rank and are not asked for. The needles that a sample tells of are the first occurrence of each
    of the three words.

    Measures: counting over the whole context where frequencies are close; the depth moves nothing.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.3 (frequent words extraction).

    Attributes:
        alpha: the word of rank r comes in proportion to r to the power -alpha.
    """

    name: ClassVar[str] = "fwe"
    uses_depth: ClassVar[bool] = False
    haystack: ClassVar[str] = "needles"
    version: ClassVar[int] = 2
    alpha: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.alpha <= 5:
            raise InputError(f"alpha must be from 1 to 5, got {self.alpha:g}")

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = sample_rng(spec_of(self.name, self), length=length, depth=depth, trial=trial, seed=seed)
        pool = pool_of(tokenizer, "coded words", _texts)
        ranks = np.append(0, 1 + rng.choice(_WORDS, size=_RANKS - 1, replace=False))  # number of each rank's text
        head = [*leading_special_ids(tokenizer), *encode(tokenizer, INTRO)]
        question = encode(tokenizer, QUESTION)

        room = length - len(head) - len(question)
        counts = self._counts(pool.lengths[ranks], room)
        if not counts[_ASKED] > counts[_ASKED + 1]:
            raise InputError(
                f"length must be so large that the third word comes more often than the fourth, got {length}; "
                "a thousand tokens are enough for most tokenizers"
            )
        items = rng.permutation(ranks.repeat(counts))
        ids, starts = pool.join(items)
        rest = pool.join(np.zeros(room - len(ids), dtype=np.int64))[0][: room - len(ids)]  # dots, the last ones cut
        asked = ranks[1 : 1 + _ASKED]
        first = [int((items == word).argmax()) for word in asked]
        return generated_sample(
            tokenizer,
            context_ids=head + np.concatenate([ids, rest]).tolist(),
            question_ids=question,
            answers=tuple(_texts()[word].strip() for word in asked),
            scoring="all",
            spans=[
                (len(head) + int(starts[i]), len(head) + int(starts[i] + pool.lengths[word]))
                for i, word in zip(first, asked, strict=True)
            ],
            opening=len(head),
            placed=False,
            prefix=last_sentence(QUESTION),
            stands=tuple(counts[1 : 1 + _ASKED].tolist()),
        )

    def _counts(self, sizes: np.ndarray, room: int) -> np.ndarray:
        """How often each rank comes, in as many words as fit into the room; `sizes` are tokens by rank."""
        shares = np.arange(1, _RANKS + 1) ** -self.alpha
        shares /= shares.sum()
        low, high = 0, max(0, room)
        while low < high:
            middle = (low + high + 1) // 2
            if int((middle * shares).astype(np.int64) @ sizes) <= room:
                low = middle
            else:
                high = middle - 1
        return (low * shares).astype(np.int64)


def _texts() -> list[str]:
    return [_DOTS, *filler_words()[:_WORDS]]
