"""RULER's prompts as samples: a text encoded as one piece, its length a limit that the answer's tokens count into."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.depth import depth_at
from lh_eval.tasks.building.document import shown_answer
from lh_eval.tasks.building.placing import leading_special_ids
from lh_eval.tasks.building.spans import encode_with_places

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Places = tuple[int, int]


def ruler_sample(
    tokenizer: "PreTrainedTokenizerBase",
    text: str,
    *,
    context: Places,
    prefix: int,
    needles: Sequence[Places],
    answers: tuple[str, ...],
    scoring: str,
    tokens: int,
    reserved: int,
    stands: tuple[int, ...] = (),
) -> Sample:
    """Make a sample of a prompt's text.

    Args:
        tokenizer: a transformers tokenizer.
        text: the whole prompt, the answer's prefix too.
        context: first and last character of what is asked about; the question is what comes after it.
        prefix: character at which the answer's prefix begins; the text's end where it has none.
        needles: characters of each needle; all of the context if there are none.
        answers: what is looked for.
        scoring: how it is judged.
        tokens: most tokens that are generated.
        reserved: tokens of the length that are kept for them.
        stands: as in `Sample`.
    """
    head = leading_special_ids(tokenizer)
    encoded = encode_with_places(tokenizer, text)
    ids, cut = [*head, *encoded.ids], len(head) + encoded.token_at(context[1])
    spans = [(len(head) + start, min(len(head) + end, cut)) for start, end in map(encoded.span, needles or [context])]
    return Sample(
        context_ids=ids[:cut],
        question_ids=ids[cut:],
        answer=shown_answer(answers, scoring),
        answers=answers,
        scoring=scoring,
        max_new_tokens=tokens,
        needle_start=spans[0][0],
        needle_end=spans[0][1],
        spans=tuple(spans),
        depth=depth_at(spans[0][0], cut),
        opening=len(head) + encoded.token_at(context[0]),
        placed=False,
        stands=stands,
        prefix=text[prefix:],
        reserved=reserved,
    )
