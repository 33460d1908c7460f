"""RULER's common words: a list in which ten words come ten times as often as the others."""

import dataclasses
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample, sample_rng
from lh_eval.tasks.building.answer_prefix import last_sentence
from lh_eval.tasks.building.encoding import encode
from lh_eval.tasks.building.placing import check_depth, check_length, leading_special_ids
from lh_eval.tasks.building.plan import generated_sample, spec_of
from lh_eval.tasks.building.standing import standings
from lh_eval.tasks.building.vocabulary import vocabulary, vocabulary_pool
from lh_eval.tasks.niah import check_count

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_SHORT = 4096  # tokens below which words come less often, as in RULER
INTRO = "Read the list of words below with care: some come more often than the others.\n"
QUESTION = "\nWhich {common} words come most often in the list above? The words that come most often are"


@TASKS.register("cwe")
@dataclasses.dataclass(frozen=True)
class CommonWords:
    """A shuffled list of words, a few of which come often and the others rarely; the common ones must be named.

    As in RULER a worked example is ahead: a list of twice as many words as are common, with its answer; none of its
    words is in the list. The needles that a sample tells of are the first occurrence of each common word. Lengths are
    refused that hold fewer rare words than common ones, or take more than the vocabulary's about 13,000.

    Measures: counting over the whole context; the depth moves nothing.
    Source: RULER, Hsieh et al. 2024, arXiv:2404.06654, section 3.3 (common words extraction).

    Attributes:
        common: how many common words there are.
        times: how often each of them comes; 0 is RULER's 30, 6 below 4096 tokens.
        rare: how often each other word comes; 0 is RULER's 3, 1 below 4096 tokens.
    """

    name: ClassVar[str] = "cwe"
    uses_depth: ClassVar[bool] = False
    haystack: ClassVar[str] = "needles"
    version: ClassVar[int] = 3
    common: int = 10
    times: int = 0
    rare: int = 0

    def __post_init__(self) -> None:
        check_count("common", self.common, 1, 100)
        if self.times or self.rare:
            check_count("times", self.times, 2, 10_000)
            check_count("rare", self.rare, 1, self.times - 1)

    def sample(
        self, tokenizer: "PreTrainedTokenizerBase", *, length: int, depth: float, trial: int, seed: int = 0
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`."""
        check_depth(depth)
        check_length(length)
        rng = sample_rng(spec_of(self.name, self), length=length, depth=depth, trial=trial, seed=seed)
        pool = vocabulary_pool(tokenizer, "list")
        times, rare = (self.times, self.rare) if self.times else (6, 1) if length < _SHORT else (30, 3)
        shown_times, shown_rare = (3, 1) if length < _SHORT else (10, 3)
        words = rng.permutation(len(pool.lengths))
        shown, common, others = np.split(words, [2 * self.common, 3 * self.common])
        texts = vocabulary("list")

        listed = np.concatenate([shown[: self.common].repeat(shown_times), shown[self.common :].repeat(shown_rare)])
        example = " ".join(texts[word] for word in rng.permutation(listed))
        named = ", ".join(texts[word] for word in shown[: self.common])
        asked = QUESTION.format(common=self.common)
        ahead = f"{INTRO} {example}{asked} {named}.\n\n{INTRO}"
        head, question = [*leading_special_ids(tokenizer), *encode(tokenizer, ahead)], encode(tokenizer, asked)
        often = times * int(pool.lengths[common].sum())
        least = len(head) + often + rare * int(pool.lengths[others[: self.common]].sum()) + len(question)
        if length < least:
            raise InputError(
                f"length must be at least {least} tokens for {self.common} words {times} times each and as many "
                f"rare ones, got {length}; try cwe:common=3,times=10,rare=1"
            )
        room = length - len(head) - len(question)
        count = int(np.searchsorted(rare * pool.lengths[others].cumsum(), room - often, side="right"))
        if count == len(others):
            raise InputError(
                f"length must be such that the vocabulary has rare words enough, got {length}; "
                f"raise the options, such as cwe:times={4 * times},rare={4 * rare}"
            )
        items = rng.permutation(np.concatenate([common.repeat(times), others[:count].repeat(rare)]))
        ids, starts = pool.join(items)
        # what less than a round of the next word leaves over, its last occurrence cut
        rest = pool.join(others[[count] * rare])[0][: room - len(ids)] if len(ids) < room else ids[:0]
        first = [int((items == word).argmax()) for word in common]
        again = standings([texts[word] for word in common], [asked])
        return generated_sample(
            tokenizer,
            context_ids=head + np.concatenate([ids, rest]).tolist(),
            question_ids=question,
            answers=tuple(texts[word] for word in common),
            scoring="all",
            spans=[
                (len(head) + int(starts[i]), len(head) + int(starts[i] + pool.lengths[word]))
                for i, word in zip(first, common, strict=True)
            ],
            opening=len(head),
            placed=False,
            prefix=last_sentence(QUESTION),
            stands=tuple(times + more for more in again),
        )
