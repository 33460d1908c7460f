"""A question on a filled cache: the likeliest choice or a generated text, and how likely the right answer was.

Greedy, token by token, on the cache that is there (transformers' `generate` would prefill again). A text ends with the
first end-of-text token, after `max_new_tokens`, or where no continuation changes its score.
"""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from lh_eval.engine.asking import Asking
from lh_eval.errors import InputError
from lh_eval.scoring.base import is_decided
from lh_eval.tasks.base import Sample
from lh_eval.tasks.building.encoding import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_DIGITS = 4  # of log-probabilities that are kept: further ones depend on what else was in the batch


class Answer(NamedTuple):
    """What the model said.

    prediction: the likeliest choice, or the text it generated.
    first_token_logprob: log-probability of the right answer's first token after the question.
    answer_logprob: sum over the right answer's tokens.
    rank: of the right one among the choices, from 1; None where the answer was generated.
    margin: the right choice's logit less the best wrong one's; of a text the least, over the right answer's tokens, of
        each one's logit less the best other token's, given the right ones before it: above 0 where greedy decoding
        says the answer. Unrounded; None where there is one choice alone.
    truncated: whether generation stopped at its budget with the score still open; None of a choice.
    thought_tokens: of the thought that was cut off, its end among them; None where none was asked for.
    answer_settling: settling depths of the right answer's tokens, each after the right ones before it; None where they
        are not taken.
    prediction_settling: of the generated text's tokens; None also of a choice, whose only row is the answer's.
    """

    prediction: str
    first_token_logprob: float
    answer_logprob: float
    rank: int | None
    margin: float | None
    truncated: bool | None = None
    thought_tokens: int | None = None
    answer_settling: tuple[int, ...] | None = None
    prediction_settling: tuple[int, ...] | None = None


Drawn = tuple[int, int | None]  # a token that was generated, and its row's settling depth where that is taken


def answer(
    tokenizer: "PreTrainedTokenizerBase",
    asked: Asking,
    samples: Sequence[Sample],
    logits: torch.Tensor,
    depths: torch.Tensor | None = None,
) -> list[Answer]:
    """Answer samples whose prompts were read; only the rows that are scored get logits.

    Args:
        tokenizer: the model's.
        asked: the prompts, those of the first context first; what is generated stays in their cache.
        samples: what was asked.
        logits: [R, V] after the last token of each prompt.
        depths: [R] settling depths there; None where they are not taken.

    Raises:
        InputError: the model gives no finite logit where one is looked at, or a sample has nothing to generate.
    """
    for sample in samples:
        if sample.scoring != "choice" and sample.max_new_tokens < 1:
            raise InputError(
                f"max_new_tokens must be positive where answers are generated, got {sample.max_new_tokens}"
            )
    right = [_right_ids(tokenizer, sample) for sample in samples]
    logits = logits.float()
    _check_finite(logits, samples)
    likely = logits.log_softmax(-1)
    wanted = torch.tensor([ids[:1] for ids in right], device=likely.device)
    first = likely.gather(-1, wanted)[:, 0].tolist()
    rest = _rest(asked, right)
    settled = None
    if depths is not None:
        settled = [(own, *after) for own, after in zip(depths.tolist(), rest.depths, strict=True)]
    drafts = _drafts(logits.argmax(-1).tolist(), right, rest.likeliest, settled)
    texts = _generate(tokenizer, asked, drafts, samples)
    margins = torch.minimum(_margins(logits, wanted[:, 0]), rest.margins).tolist()
    answers = []
    for row, sample in enumerate(samples):
        of_answer = settled[row] if settled is not None else None
        of_first, of_all = round(first[row], _DIGITS), round(first[row] + rest.logprobs[row], _DIGITS)
        if sample.scoring == "choice":
            prediction, rank, margin = _choose(logits[row], sample)
            answers.append(Answer(prediction, of_first, of_all, rank, margin, answer_settling=of_answer))
        else:
            said = texts[row]
            thought = said.thought if sample.thinking else None
            of_text = tuple(said.depths) if settled is not None else None
            answers.append(
                Answer(said.text, of_first, of_all, None, margins[row], said.truncated, thought, of_answer, of_text)
            )
    return answers


def _right_ids(tokenizer: Any, sample: Sample) -> list[int]:
    """The tokens of the right answer as they follow the question."""
    if sample.scoring == "choice":
        return [sample.choice_ids[_right(sample)]]
    text = tokenizer.decode(sample.question_ids, clean_up_tokenization_spaces=False)
    space = "" if text[-1:].isspace() or text[-1:] in tuple("\"'`“‘([{") else " "
    alone, whole = (encode(tokenizer, part) for part in (text, f"{text}{space}{sample.answer}"))
    if whole[: len(alone)] == alone and len(whole) > len(alone):
        return whole[len(alone) :]
    # the question's last token would grow into the answer: as it stands, the answer follows on its own
    ids = encode(tokenizer, f"{space}{sample.answer}")
    if not ids:
        raise InputError(f"answer must have tokens, got {sample.answer!r}")
    return ids


def _right(sample: Sample) -> int:
    """The place of the right answer among the choices."""
    for place, choice in enumerate(sample.choices):
        if choice in sample.answers:
            return place
    raise InputError(f"choices must have the right answer among them, got {sample.choices} without {sample.answer!r}")


def _check_finite(logits: torch.Tensor, samples: Sequence[Sample]) -> None:
    """Raise InputError rather than take NaN for the largest, or for a probability's share."""
    looked_at = [
        # -inf is how a model rules out what it never says; nan anywhere is in every probability
        torch.cat([row.max()[None], row[sample.choice_ids]])
        for row, sample in zip(logits, samples, strict=True)
    ]
    if torch.cat(looked_at).isfinite().all():  # of all rows: a GPU is waited for once
        return
    for row, found, sample in zip(logits, looked_at, samples, strict=True):
        if not (finite := found.isfinite()).all():
            of_choices = sample.scoring == "choice" and not row[sample.choice_ids].isfinite().all()
            what = "logits of the choices" if of_choices else "logits after the question"
            raise InputError(
                f"{what} must be finite, got {found[~finite][0].item()}; "
                "look for inf or nan in the weights, or try another --dtype"
            )


def _choose(logits: torch.Tensor, sample: Sample) -> tuple[str, int, float | None]:
    """The choice with the highest logit, the first of equal ones; rank and margin of the right one."""
    found = logits[sample.choice_ids].tolist()
    order = sorted(range(len(found)), key=lambda place: -found[place])  # stable
    right = _right(sample)
    wrong = [logit for choice, logit in zip(sample.choices, found, strict=True) if choice not in sample.answers]
    return sample.choices[order[0]], 1 + order.index(right), found[right] - max(wrong) if wrong else None


def _margins(logits: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """[R] of float32 logits [R, V], each wanted token's less the best other one's."""
    best = logits.topk(2, dim=-1)
    other = torch.where(best.indices[:, 0] == wanted, best.values[:, 1], best.values[:, 0])
    return logits.gather(-1, wanted[:, None])[:, 0] - other


class _Rest(NamedTuple):
    """Of each right answer's tokens after the first.

    logprobs: their log-probabilities, summed.
    margins: [R] the least of their margins, inf where there are none.
    likeliest: the likeliest token in the place of each.
    depths: settling depths, where they are taken.
    """

    logprobs: list[float]
    margins: torch.Tensor
    likeliest: list[list[int]]
    depths: list[list[int]]


def _rest(asked: Asking, right: list[list[int]]) -> _Rest:
    """What follows the first token of each answer, given the right ones before: one pass for all."""
    most = max(map(len, right))
    if most == 1:
        nothing = torch.full((len(right),), torch.inf, device=asked.model.device)
        return _Rest([0.0] * len(right), nothing, [[]] * len(right), [[]] * len(right))
    # filled up on the right, where causal attention lets nothing of it be seen
    with asked.branch() as aside:
        logits = aside.read([(ids + ids[-1:] * (most - len(ids)))[:-1] for ids in right], every=True)
        taken = [] if aside.depths is None else aside.depths.tolist()
    after = torch.tensor([ids[1:] + ids[-1:] * (most - len(ids)) for ids in right], device=logits.device)
    sums, margins, likeliest = [], [], []
    for row, ids, wanted in zip(logits, right, after[..., None], strict=True):
        n = len(ids) - 1
        scored = row[:n].float()  # in float32 one row at a time: a vocabulary is large
        likely = scored.log_softmax(-1)
        sums.append(likely.gather(-1, wanted[:n]).sum())
        least = _margins(scored, wanted[:n, 0]).min() if n else scored.new_full((), torch.inf)
        margins.append(least)
        likeliest.append(likely.argmax(-1))
    found = torch.cat(likeliest).cpu().split([len(ids) - 1 for ids in right])  # a GPU is waited for twice
    depths = [row[: len(ids) - 1] for row, ids in zip(taken, right, strict=False)]
    return _Rest(torch.stack(sums).tolist(), torch.stack(margins), [row.tolist() for row in found], depths)


def _drafts(
    first: list[int], right: list[list[int]], likeliest: list[list[int]], settled: list[tuple[int, ...]] | None
) -> list[list[Drawn]]:
    """The tokens that each row generates as far as they are known: up to the first that is not the right answer's."""
    known = []
    depths: Sequence[Sequence[int | None]] = settled or [(None,) * len(ids) for ids in right]
    for token, ids, after, own in zip(first, right, likeliest, depths, strict=True):
        drawn = [token, *after]
        same = next((i for i, (one, wanted) in enumerate(zip(drawn, ids, strict=True)) if one != wanted), len(ids) - 1)
        known.append(list(zip(drawn[: same + 1], own[: same + 1], strict=True)))
    return known


@dataclasses.dataclass
class _Said:
    """What a row generated so far: tokens of the answer alone, once a thought is over.

    thought: tokens of the thought.
    thinking: whether it still goes on.
    depths: the tokens' settling depths, where they are taken.
    """

    tokens: list[int]
    thinking: bool
    text: str = ""
    thought: int = 0
    truncated: bool = False
    depths: list[int] = dataclasses.field(default_factory=list)

    def take(self, tokenizer: Any, drawn: Drawn, ends: set[int], sample: Sample) -> bool:
        """Take a token; returns whether the row is done."""
        token, depth = drawn
        if token in ends:
            # a thought that never ended is no answer, one that was never begun leaves all of the text
            self.thought = 0 if self.thinking else self.thought
            return True
        self.tokens.append(token)
        self.depths += [] if depth is None else [depth]
        if self.thinking:
            self.thought += 1
            marker = list(sample.thought_end)
            if self.tokens[-len(marker) :] == marker:
                self.tokens, self.depths, self.text, self.thinking = [], [], "", False
                return False
            self.truncated = self.thought >= sample.thinking
            self.text = "" if self.truncated else _decoded(tokenizer, self.tokens)
            self.depths = [] if self.truncated else self.depths
            return self.truncated
        self.text = _decoded(tokenizer, self.tokens)
        decided = is_decided(sample.scoring, self.text, sample.answers)
        self.truncated = not decided and len(self.tokens) >= sample.max_new_tokens
        return decided or self.truncated


def _decoded(tokenizer: Any, ids: list[int]) -> str:
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text


def _generate(tokenizer: Any, asked: Asking, drafts: list[list[Drawn]], samples: Sequence[Sample]) -> list[_Said]:
    """Decode greedily after the question; a row that is done goes on with the others but is not read any more.

    What rows are known to generate goes through the model at once, as far as all of them that are not done are known.
    """
    ends = end_ids(asked.model, tokenizer)
    said = [_Said([], thinking=bool(sample.thinking)) for sample in samples]
    waiting = {row for row, sample in enumerate(samples) if sample.scoring != "choice"}
    # how far a row may be ahead of the others is not worth a mask: known tokens are cut to what all have
    known = min((len(drafts[row]) for row in waiting), default=1)
    drawn = [draft[:known] for draft in drafts]
    while waiting:
        for row, token in ((row, token) for row, draft in enumerate(drawn) for token in draft):
            if row in waiting and said[row].take(tokenizer, token, ends, samples[row]):
                waiting.remove(row)
        if waiting:
            width = max(map(len, drawn))  # a choice's row has one token, and nobody reads on in it
            ids = [[token for token, _ in draft] for draft in drawn]
            logits = asked.read([row + row[-1:] * (width - len(row)) for row in ids])
            best, drawn_ids = logits.max(-1)
            if not best.isfinite().all():
                raise InputError(
                    f"logits of the answer must be finite, got {best[~best.isfinite()][0].item()}; "
                    "look for inf or nan in the weights, or try another --dtype"
                )
            depths = [None] * len(drawn) if asked.depths is None else asked.depths[:, -1].tolist()
            drawn = [[pair] for pair in zip(drawn_ids.tolist(), depths, strict=True)]
    return said


def end_ids(model: Any, tokenizer: Any) -> set[int]:
    """Tokens that end a text: the tokenizer's, if it has one, and those of the model's generation settings."""
    named = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    ids = {*(named if isinstance(named, list) else [named]), getattr(tokenizer, "eos_token_id", None)}
    return {token for token in ids if token is not None}
