"""`Row`: what is kept of one sample, and the table that rows make."""

import json
import re
from collections.abc import Iterable
from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import AfterValidator, Field, Strict, TypeAdapter, ValidationError

from lh_eval.errors import InputError
from lh_eval.validation import parse_json, validated

if TYPE_CHECKING:
    import pandas as pd

Key = tuple[str, int, float, int]


def _check_ascending(dropped: "DroppedHeads") -> "DroppedHeads":
    numbers = [tuple(layer for layer, _ in dropped), *(heads for _, heads in dropped)]
    if not all(numbers[1:]) or any(list(group) != sorted({abs(number) for number in group}) for group in numbers):
        raise InputError(f"dropped must be pairs of a layer and its heads, both ascending, or None, got {dropped!r}")
    return dropped


def _check_text(name: str, texts: str | tuple[str, ...]) -> None:
    """JSON can hold half of a character, which no table or file of text can."""
    if _SURROGATE.search("".join(texts)):
        raise InputError(f"{name} must be text, got a lone surrogate in {texts!r}")


_SURROGATE = re.compile("[\ud800-\udfff]")
Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what a table's columns hold
_LISTED = Strict(False)  # a list passes for a tuple
Share = Annotated[float, Field(ge=0, le=1)]
Shares = Annotated[tuple[Share, ...], _LISTED]
Depths = Annotated[tuple[Annotated[int, Field(ge=1, lt=2**31)], ...], _LISTED]  # layers, counted from 1
_Heads = Annotated[tuple[Whole, Annotated[tuple[Whole, ...], _LISTED]], _LISTED]  # of one layer
DroppedHeads = Annotated[tuple[_Heads, ...], _LISTED, AfterValidator(_check_ascending)]


@validated("a row")
class Row:
    """One sample with its outcome; a line of samples.jsonl.

    What a sample is made of, from `true_depth` to `answer`, is None where it could not be made.

    Attributes:
        task: task spec.
        length: tokens of the whole prompt.
        depth: depth that was asked for, in percent; it names the cell.
        true_depth: depth where the needle really starts, in percent of the context.
        trial: number of the sample within its cell.
        seed: seed of the whole run.
        needle_start: index of the needle's first token in the prompt.
        needle_end: index after its last token.
        context_tokens: tokens of the context; the question's come after them.
        prompt_sha256: hash of the prompt's token ids; samples of two runs are compared where it agrees.
        answer: the right answer.
        answers: the texts that `scoring` looks for in the prediction; `answer` alone if not given.
        scoring: how the prediction was judged, the name of a scoring rule.
        prediction: the model's choice, or the text that it generated; None where the sample failed.
        score: 0 to 1, either of them where a choice was made; None where the sample failed.
        first_token_logprob: log-probability of the answer's first token right after the question.
        answer_logprob: sum of the log-probabilities of the answer's tokens, each after the right ones before it.
        rank: of the right answer among the choices by logit, from 1; None where the answer was generated.
        margin: the right choice's logit less the best wrong one's; of a generated text the least such margin over the
            right answer's tokens, each after the right ones before it. Unrounded; None in rows of before it was kept.
        remainder: tokens that were read under the setting, modulo those of its pyramid's coarsest entry; None where it
            has no pyramid.
        selection_recall: share of (non-dense layer, head) pairs that gathered the whole needle at level 0; None
            where attention is dense or the sample failed.
        dropped: the pairs that did not, as ((layer, (head, ...)), ...) with both ascending; None where there is no
            `selection_recall`, and in rows of before it was kept.
        question_recall: the same share for the question's tokens; None also where the question was not read under the
            setting, and in rows of before it was kept.
        last_token_recall: the same for the prompt's last token.
        needle_levels: share of the needle's tokens, over the same pairs, whose finest gathered entry is of level 0, 1,
            ...; what is missing to 1 was not gathered at all. Level 0 alone where nothing is pooled.
        answer_levels: the same of the answer's tokens within the needle; of the needle's, where the answer is not
            found in it.
        question_levels: the same of the question's tokens.
        seconds: wall-clock time of the sample; samples that ran together share theirs.
        peak_bytes: most memory that the device held while it ran, weights included; None where that is not counted.
        beyond_positions: whether prompt and what may be generated take more than the model's
            `max_position_embeddings`.
        reading: "prompt" where context and question were read under the setting at once, "context" where the context
            alone was, as in rows of before it was kept.
        error: why the sample failed, on one line; None where it did not.

    Raises:
        InputError: a value is of the wrong type or out of range, or score and error contradict each other.
        truncated: whether generation stopped at its budget with the score still open; None of a choice, and in rows of
            before it was kept.
        thought_tokens: tokens of the thought ahead of the answer, cut off from it; None where none was asked for.
        answer_settling: the layer, from 1, at which each of the answer's tokens settles, after the right ones before
            it; None where settling depths were not taken.
        prediction_settling: the same of the generated text's tokens; None also of a choice.
    """

    task: str
    length: Whole
    depth: float
    true_depth: float | None
    trial: Whole
    seed: Whole
    needle_start: Whole | None
    needle_end: Whole | None
    context_tokens: Whole | None
    prompt_sha256: str | None
    answer: str | None
    prediction: str | None
    score: Share | None
    selection_recall: Share | None
    seconds: float
    error: str | None = None
    answers: Annotated[tuple[str, ...], _LISTED] | None = None
    scoring: str = "choice"
    first_token_logprob: float | None = None
    answer_logprob: float | None = None
    rank: Whole | None = None
    peak_bytes: Whole | None = None
    beyond_positions: bool = False
    dropped: DroppedHeads | None = None
    reading: str = "context"
    margin: float | None = None
    remainder: Whole | None = None
    question_recall: Share | None = None
    last_token_recall: Share | None = None
    needle_levels: Shares | None = None
    answer_levels: Shares | None = None
    question_levels: Shares | None = None
    truncated: bool | None = None
    thought_tokens: int | None = None
    answer_settling: Depths | None = None
    prediction_settling: Depths | None = None

    def __post_init__(self) -> None:
        if self.answers is None and self.answer is not None:
            object.__setattr__(self, "answers", (self.answer,))
        for name, value in vars(self).items():
            if isinstance(value, str) or name == "answers":
                _check_text(name, value or "")
        if (self.score is None) != (self.error is not None):
            raise InputError(f"score must be None exactly where error is set, got {self.score} and {self.error!r}")
        for name in _MADE:
            if getattr(self, name) is None and self.error is None:
                raise InputError(f"{name} must be known where error is None, got None")
        if self.scoring == "choice" and self.score not in (None, 0.0, 1.0):
            raise InputError(f"score must be 1.0 or 0.0 for a choice, got {self.score}")

    @property
    def key(self) -> Key:
        """(task, length, depth, trial): which sample of a run this is."""
        return (self.task, self.length, self.depth, self.trial)

    def to_json(self) -> str:
        """The row as one line of JSON, without its line break."""
        return json.dumps(vars(self), allow_nan=False)

    @classmethod
    def from_json(cls, line: str | bytes) -> "Row":
        """Make a row from `to_json`'s output, or from a line of before rows had `answers` and what comes after it.

        Raises:
            ValueError: the line is not JSON, as a torn one is not.
            InputError: it is JSON, but not a row.
        """
        try:
            return _reader().validate_json(line)
        except ValidationError:  # said in our words below
            values = parse_json(line)
        if not isinstance(values, dict):
            raise InputError(f"a row must have the fields {', '.join(_TYPES)}, got {values!r}")
        return cls(**values)


@cache
def _reader() -> TypeAdapter[Row]:
    return TypeAdapter(Row)


# Known of every sample that could be made.
_MADE = ("true_depth", "needle_start", "needle_end", "context_tokens", "prompt_sha256", "answer")


def _type_of(annotation: Any) -> tuple[type, bool]:
    """The class that values of a field are of, and whether they may be None."""
    kinds = get_args(annotation) or (annotation,)
    return get_origin(kinds[0]) or kinds[0], NoneType in kinds


_TYPES: dict[str, tuple[type, bool]] = {name: _type_of(hint) for name, hint in get_type_hints(Row).items()}


def to_frame(rows: Iterable[Row]) -> "pd.DataFrame":
    """Make a table of rows, one column a field, sorted by task, length, depth and trial; None becomes NaN (NA)."""
    import pandas as pd

    table = pd.DataFrame([vars(row) for row in rows], columns=list(_TYPES))
    kinds = {name: "Int64" if kind is int and optional else kind for name, (kind, optional) in _TYPES.items()}
    table = table.astype({name: kind for name, kind in kinds.items() if kind not in (str, tuple)})
    return table.sort_values(["task", "length", "depth", "trial"], kind="stable", ignore_index=True)
