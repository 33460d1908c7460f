"""Our tasks as lm-eval's: what the YAML files of tasks/lm_eval name.

    include=$(lh-eval tasks --lm-eval-path)
    lm-eval run --model hf --model_args pretrained=FOLDER --include_path $include --tasks lh_passkey

A document says which sample it is and holds its prompt as text. lm-eval's own models encode that text again; our model
`lighthouse` makes the sample anew and reads its very tokens.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.checkpoints.loading import load_tokenizer
from lh_eval.errors import InputError
from lh_eval.runs.grid import DEPTHS, Grid
from lh_eval.runs.trials import check_trials
from lh_eval.tasks.base import Sample, get_task

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedTokenizerBase

LENGTHS = (4096,)

_load_tokenizer = functools.lru_cache(maxsize=1)(load_tokenizer)  # each holds the filler that was tokenized for it


def documents(
    *,
    lh_task: str,
    lengths: int | Sequence[int] = LENGTHS,
    depths: float | Sequence[float] = DEPTHS,
    trials: int = 10,
    seed: int = 0,
    tokenizer: "PreTrainedTokenizerBase | None" = None,
    pretrained: Any = None,
    **_: object,
) -> "dict[str, Dataset]":
    """Make a task's documents, a row a sample; the arguments are lm-eval's `metadata`, the model's among them.

    Args:
        lh_task: task spec, such as `keyed:records=4`.
        lengths: tokens of the prompt, by the model's tokenizer.
        depths: where the needle lies, in percent.
        trials: samples of each (length, depth) cell.
        seed: seed of all samples.
        tokenizer: the tokenizer or its name; that of the model if not given.
        pretrained: name of the model; the shipped checkpoint if not given.

    Raises:
        InputError: a value cannot be used, or a sample cannot be made.
    """
    from datasets import Dataset

    grid = Grid(
        task=lh_task,
        lengths=(lengths,) if isinstance(lengths, int) else lengths,  # type: ignore[arg-type]
        depths=(depths,) if isinstance(depths, int | float) else depths,  # type: ignore[arg-type]
        trials=trials,
        seed=seed,
    )
    source = tokenizer or pretrained
    tokens = _load_tokenizer(source) if source is None or isinstance(source, str) else source
    task = get_task(lh_task)
    check_trials(task, tokens, grid)
    rows = []
    for _task, length, depth, trial in grid:
        sample = task.sample(tokens, length=length, depth=depth, trial=trial, seed=seed)
        place = {"lh_task": lh_task, "length": length, "depth": depth, "trial": trial, "seed": seed}
        rows.append(place | _content(tokens, sample) | {"one_length": len(grid.lengths) == 1})
    return {"test": Dataset.from_list(rows)}


def sample_of(tokenizer: "PreTrainedTokenizerBase", doc: dict[str, Any]) -> Sample:
    """Make a document's sample again, token for token.

    Raises:
        InputError: the tokenizer gives another prompt than the one that the document was made with.
    """
    place = {name: doc[name] for name in ("length", "depth", "trial", "seed")}
    sample = get_task(doc["lh_task"]).sample(tokenizer, **place)
    if sample.prompt_sha256 != doc["prompt_sha256"]:
        raise InputError(
            f"documents of {doc['lh_task']} must be made with the model's tokenizer, got those of another; "
            "leave tokenizer out of the metadata"
        )
    return sample


def choice_result(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, float]:
    """Whether the likeliest choice is the right one."""
    likeliest = max(range(len(results)), key=lambda place: results[place][0])
    return _result(doc, float(likeliest == doc["gold"]))


def generated_result(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """The score of a generated text, from 0 to 1, by the sample's own rule."""
    from lh_eval.scoring.base import score_text

    return _result(doc, score_text(doc["scoring"], results[0], doc["answers"]))


def _result(doc: dict[str, Any], score: float) -> dict[str, float]:
    # a length that a document does not have is no key, rather than a number that means nothing
    return {"acc": score} if doc["one_length"] else {"acc": score, f"acc_at_{doc['length']}": score}


def _content(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> dict[str, Any]:
    """What a sample's document holds beside its place in the grid."""
    content = {
        "true_depth": sample.depth,
        "context_tokens": len(sample.context_ids),
        "needle_start": sample.needle_start,
        "needle_end": sample.needle_end,
        "prompt_sha256": sample.prompt_sha256,
        "text": _decode(tokenizer, sample.prompt_ids),
        "scoring": sample.scoring,
        "answer": sample.answer,
    }
    if sample.scoring == "choice":
        return content | {"choices": _continuations(tokenizer, sample), "gold": sample.choices.index(sample.answer)}
    return content | {"answers": list(sample.answers), "max_new_tokens": sample.max_new_tokens}


def _continuations(tokenizer: "PreTrainedTokenizerBase", sample: Sample) -> list[str]:
    """The text by which each choice's token continues the question's."""
    question = _decode(tokenizer, sample.question_ids)
    texts = [_decode(tokenizer, [*sample.question_ids, token]).removeprefix(question) for token in sample.choice_ids]
    if len(set(texts)) != len(texts) or not all(texts):
        raise InputError(f"tokenizer must tell the choices apart as text, got {texts}; use another tokenizer")
    return texts


def _decode(tokenizer: "PreTrainedTokenizerBase", ids: list[int]) -> str:
    # what stands before a text, such as <bos>, lm-eval's models put there themselves
    text: str = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return text
