"""RULER's own prompts, read from the files that its generator or lm-eval's wrote."""

import dataclasses
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lh_eval.corpora.kinds import NUMBER, TEXT, ValueKind, list_of
from lh_eval.corpora.records import Origin, Records, columns_of, load_records
from lh_eval.errors import InputError
from lh_eval.tasks.base import TASKS, Sample
from lh_eval.tasks.building.placing import check_depth, leading_special_ids
from lh_eval.tasks.building.published import Published, Schema
from lh_eval.tasks.building.ruler_sample import ruler_sample
from lh_eval.tasks.building.spans import encode_with_places

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BUDGETS = {"niah": 128, "vt": 30, "cwe": 120, "fwe": 50, "qa": 32}  # tokens that each of RULER's kinds generates
_SPELLED = {"variable_tracking": "vt", "common_words_extraction": "cwe", "freq_words_extraction": "fwe"}
_OPTIONAL: dict[str, ValueKind] = {"answer_prefix": TEXT, "gen_prefix": TEXT, "max_length": NUMBER}
_sizes: weakref.WeakKeyDictionary[Any, dict[tuple[str, str], int]] = weakref.WeakKeyDictionary()


class Prompt(NamedTuple):
    """A row's prompt.

    text: all of it.
    asked: the character at which its last line begins, the question.
    """

    text: str
    asked: int


@TASKS.register("ruler")
@dataclasses.dataclass(frozen=True)
class Ruler(Published):
    """RULER's own rows, in the order of their file: its prompts as they stand, its budgets and its comparison.

    Trial t is the t-th row whose prompt and answer fit into the length together, whatever the depth: none is cut or
    filled up. Of files with `max_length` only rows of that length count.

    Measures: what RULER's task measures; rates are those of its scripts, or of lm-eval's `ruler` for its rows.
    Source: Hsieh et al. 2024, arXiv:2404.06654, code Apache 2.0; rows have `input`, `outputs` and, upstream's,
        `answer_prefix`, or `gen_prefix`, lm-eval's.

    Attributes:
        files: the rows, such as `data/vt/validation.jsonl`.
        task: RULER's task, such as `niah_single_1`, `vt`, `qa_1`; empty is that of the file's name or folder.
    """

    task: str = ""
    revision: str = ""

    NAME: ClassVar[str] = "RULER"
    SCHEMA: ClassVar[Schema] = (("input", TEXT), ("outputs", list_of(TEXT, 1)))
    uses_depth: ClassVar[bool] = False
    MOST_TOKENS: ClassVar[int] = max(BUDGETS.values())

    def records(self) -> Records:
        """The rows, with those of the optional columns that they have.

        Raises:
            InputError: no files, or as `load_records`.
        """
        if not self.files:
            raise InputError("ruler must have its option files, got none; write ruler:files=data/vt/validation.jsonl")
        origin = Origin(name="", files=self.files)
        optional = [(name, kind) for name, kind in _OPTIONAL.items() if name in columns_of(origin)]
        names, kinds = zip(*self.SCHEMA, *optional, strict=True)
        return load_records(origin, names, kinds)

    @property
    def kind(self) -> str:
        """Which of RULER's kinds it is: `niah`, `vt`, `cwe`, `fwe` or `qa`.

        Raises:
            InputError: neither the option nor the file says so.
        """
        path = Path(self.files)
        for name in [self.task] if self.task else [path.stem, path.parent.name]:
            short = name.lower().removeprefix("ruler_")
            for kind in BUDGETS:
                if any(word.startswith(kind) for word in (short, _SPELLED.get(short, ""))):
                    return kind
        raise InputError(
            f"task must be one of RULER's, {', '.join(BUDGETS)}, got {self.task or self.files!r}; "
            "write ruler:files=...,task=vt"
        )

    def sample(
        self,
        tokenizer: "PreTrainedTokenizerBase",
        *,
        length: int,
        depth: float,
        trial: int,
        seed: int = 0,  # noqa: ARG002
    ) -> Sample:
        """Make one sample; arguments and errors as in `Task.sample`.

        Raises:
            InputError: also for a trial beyond the rows that fit.
        """
        check_depth(depth)
        rows, tokens = self.records(), BUDGETS[self.kind]
        head = len(leading_special_ids(tokenizer))
        sizes = _sizes.setdefault(tokenizer, {})
        fitting = 0
        for number, row in enumerate(rows.rows):
            if row.get("max_length", length) != length:
                continue
            key = f"{rows.sha256} {number}", self.kind
            if key not in sizes:
                sizes[key] = len(encode_with_places(tokenizer, self._prompt(row).text).ids)
            fitting += head + sizes[key] + tokens <= length
            if fitting > trial:
                return self._sample(tokenizer, row, tokens)
        raise InputError(
            f"length must be such that {trial + 1} rows fit with {tokens} tokens for the answer, got {length}, which "
            f"holds {fitting} of {len(rows.rows)}; take a greater length or fewer trials"
        )

    def _prompt(self, row: dict[str, Any]) -> Prompt:
        asked = row["input"].rstrip().rfind("\n")
        if asked < 1:
            raise InputError(f"input must end with a line that asks, got {row['input'][-60:]!r} in {self.files!r}")
        if "gen_prefix" not in row:  # upstream's prefix brings its space
            return Prompt(row["input"] + row.get("answer_prefix", ""), asked)
        between = "\n\n" if self.kind == "cwe" else " "  # lm-eval's target_delimiter
        apart = row["input"][-1:].strip() and row["gen_prefix"][:1].strip()
        return Prompt(row["input"] + (between if apart else "") + row["gen_prefix"], asked)

    def _sample(self, tokenizer: "PreTrainedTokenizerBase", row: dict[str, Any], tokens: int) -> Sample:
        prompt, answers = self._prompt(row), tuple(row["outputs"])
        found = [
            (place, place + len(text)) for text in answers if (place := prompt.text[: prompt.asked].find(text)) >= 0
        ]
        # of a question upstream takes any annotator's answer for right, lm-eval counts their share
        one = self.kind == "qa" and "gen_prefix" not in row
        return ruler_sample(
            tokenizer,
            prompt.text,
            context=(0, prompt.asked),
            prefix=len(row["input"].rstrip()) if len(prompt.text) > len(row["input"]) else len(prompt.text),
            needles=found,
            answers=answers,
            scoring="substring:need=one" if one else "substring",
            tokens=tokens,
            reserved=tokens,
        )
