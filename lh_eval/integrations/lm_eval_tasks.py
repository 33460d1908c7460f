"""Our tasks as lm-eval's: what the YAML files of tasks/lm_eval name.

    include=$(lh-eval tasks --lm-eval-path)
    lm-eval run --model hf --model_args pretrained=FOLDER --include_path $include --tasks lh_passkey

A document says which sample it is and holds its prompt as text, in the three parts that the sample has: what is asked
about and the question (`text`), and what begins the answer (`gen_prefix`), which lm-eval puts behind the assistant's
header where it applies a chat template. lm-eval's own models encode that text again; our model `lighthouse` makes the
sample anew and reads its very tokens.
"""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lh_eval.checkpoints.loading import load_tokenizer
from lh_eval.errors import InputError
from lh_eval.integrations.lm_eval_rates import scored
from lh_eval.runs.grid import DEPTHS, Grid
from lh_eval.runs.trials import check_trials
from lh_eval.tasks.base import Sample, Task, get_task, questions_of
from lh_eval.tasks.building.answer_prefix import part
from lh_eval.tasks.chat import Chat, in_chat

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
    chat: bool = False,
    system: str | None = None,
    prefix: str | None = None,
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
        chat: count the tokens of the model's chat template into the length, as `lh-eval niah --chat` does; lm-eval
            applies it (`--apply_chat_template`).
        system: with `chat`, the system prompt.
        prefix: with `chat`, `assistant` or `none`: where the answer's prefix goes, as in the task `chat`.
        tokenizer: the tokenizer or its name; that of the model if not given.
        pretrained: name of the model; the shipped checkpoint if not given.

    Raises:
        InputError: a value cannot be used, or a sample cannot be made.
    """
    from datasets import Dataset

    if chat:
        lh_task = in_chat(lh_task, system=system, prefix=prefix, thinking=None)
    elif system is not None or prefix is not None:
        raise InputError('chat must be true where system or prefix is given, got neither; write "chat": true')
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
        place |= {"context_number": trial // questions_of(task), "lengths": list(grid.lengths)}
        rows.append(place | _content(tokens, task, sample))
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


def choice_result(doc: dict[str, Any], results: list[tuple[float, bool]]) -> dict[str, Any]:
    """Whether the likeliest choice is the right one."""
    likeliest = max(range(len(results)), key=lambda place: results[place][0])
    return scored(doc, float(likeliest == doc["gold"]))


def generated_result(doc: dict[str, Any], results: list[str]) -> dict[str, Any]:
    """The score of a generated text, from 0 to 1, by the sample's own rule."""
    from lh_eval.scoring.base import score_text

    return scored(doc, score_text(doc["scoring"], results[0], doc["answers"]))


def _content(tokenizer: "PreTrainedTokenizerBase", task: Task, sample: Sample) -> dict[str, Any]:
    """What a sample's document holds beside its place in the grid."""
    if sample.thinking:
        raise InputError(
            f"thinking must be 0 in lm-eval, whose models cut a thought off themselves, got {sample.thinking}; "
            "run lh-eval niah --thinking"
        )
    content = {
        "true_depth": sample.depth,
        "context_tokens": len(sample.context_ids),
        "needle_start": sample.needle_start,
        "needle_end": sample.needle_end,
        "prompt_sha256": sample.prompt_sha256,
        "scoring": sample.scoring,
        "answer": sample.answer,
    } | _texts(tokenizer, task, sample)
    if sample.scoring == "choice":
        return content | {"choices": _continuations(tokenizer, sample), "gold": sample.choices.index(sample.answer)}
    return content | {"answers": list(sample.answers), "max_new_tokens": sample.max_new_tokens}


def _texts(tokenizer: "PreTrainedTokenizerBase", task: Task, sample: Sample) -> dict[str, Any]:
    """The prompt in its parts: in a chat, text is the user's message, which lm-eval puts into the template itself."""
    if isinstance(task, Chat):
        ids, (start, end) = sample.prompt_ids, sample.template
        before = len(task.parts(tokenizer).before)
        return {
            "chat": True,
            "system": task.system,
            "text": _decode(tokenizer, ids[before:start]),
            "gap": "",
            "gen_prefix": _decode(tokenizer, ids[end:]),
        }
    parted = part(tokenizer, sample)
    whole = _decode(tokenizer, sample.prompt_ids)
    ending = parted.gap + parted.prefix_text
    if not whole.endswith(ending):
        ending = ""
    return {
        "chat": False,
        "system": "",
        "text": whole.removesuffix(ending),
        "gap": parted.gap if ending else "",
        "gen_prefix": parted.prefix_text if ending else "",
    }


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
