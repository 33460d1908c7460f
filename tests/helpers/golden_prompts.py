"""Hashes of a few prompts of each task, by the version of its samples: `python tests/helpers/golden_prompts.py` adds.

A hash that is kept is never written over: whoever changes what a task makes counts up its `version` first.
"""

import hashlib
import inspect
import json
import tempfile
from functools import cache
from pathlib import Path
from unittest.mock import patch

import datasets
from published_rows import NOLIMA, RULER, babi_rows, hotpot_rows, longbench_rows, mrcr_rows, squad_rows
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer
from lh_eval.tasks.base import TASKS, Task, get_task
from lh_eval.tasks.building.document import DocumentTask
from lh_eval.tasks.building.published import Published

FILE = Path(__file__).parents[1] / "tasks" / "golden_prompts.json"
CELLS = {"bytes": (2800, 50.0, 1), "bpe": (2400, 100.0, 0)}  # length, depth, trial: one a tokenizer, for time
PUBLISHED = {  # rows and what else makes a task of so few
    "babilong": (babi_rows(), ""),
    "hotpotqa": (hotpot_rows(), ""),
    "longbench_v2": (longbench_rows(), ""),
    "mrcr": (2 * mrcr_rows(), ""),
    "nolima": (NOLIMA, ""),
    "ruler": (RULER, ",task=niah"),
    "ruler_qa_hotpot": (hotpot_rows(), ""),
    "ruler_qa_squad": (squad_rows(), ""),
    "squad": (squad_rows(), ",questions=2"),
}
_MERGES = [
    "t h",
    "th e",
    "Ġ the",
    "a n",
    "an d",
    "Ġ and",
    "i n",
    "in g",
    "e r",
    "Ġ a",
    "Ġ o",
    "Ġo f",
    "Ġ i",
    "Ġi s",
    "e s",
    "Ġ w",
    "o u",
    "r e",
    "o n",
]


def names() -> list[str]:
    """Our tasks; `chat` makes those of another one, and needs a template."""
    ours = [name for name in TASKS.names() if inspect.getmodule(TASKS.get(name)).__name__.startswith("lh_eval.")]
    return [name for name in ours if name != "chat"]


def version(name: str) -> int:
    """Version of a task's samples."""
    return getattr(get_task(name), "version", 1)


@cache  # the rows are read where they lie for as long as the process runs
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory()


def task_of(name: str) -> Task:
    """The task; one of a published data set on a few rows of ours, so that nothing is downloaded."""
    if not issubclass(TASKS.get(name), Published):
        return get_task(name)
    rows, options = PUBLISHED[name]
    file = Path(_folder().name) / f"{name}.jsonl"
    if not file.exists():
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return get_task(f"{name}:files={file}{options}")


@cache  # what a task keeps of a text, it keeps by the tokenizer
def tokenizers() -> dict[str, PreTrainedTokenizerFast]:
    """Bytes, and pairs of them that are merged by a list, for a trained one would be another with another library."""
    merges = [tuple(pair.split()) for pair in _MERGES]
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *("".join(pair) for pair in merges)]
    bpe = Tokenizer(models.BPE(vocab={token: number for number, token in enumerate(tokens)}, merges=merges))
    bpe.pre_tokenizer, bpe.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    return {"bytes": byte_tokenizer(), "bpe": PreTrainedTokenizerFast(tokenizer_object=bpe)}


def hashes(name: str) -> dict[str, str]:
    """Of a prompt with its answers and places under each tokenizer, 16 digits each.

    Tasks that ask about a whole document have bytes alone, for time: each has another document to encode.
    """
    found = {}
    for tokenizer, (length, depth, trial) in CELLS.items():
        if tokenizer != "bytes" and issubclass(TASKS.get(name), DocumentTask):
            continue
        with patch.object(datasets.config, "HF_DATASETS_CACHE", Path(_folder().name) / "cache"):
            sample = task_of(name).sample(tokenizers()[tokenizer], length=length, depth=depth, trial=trial, seed=0)
        made = [sample.prompt_sha256, sample.answers, sample.spans, len(sample.context_ids), sample.choices]
        found[tokenizer] = hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]
    return found


def changed(kept: dict, name: str) -> str | None:
    """Why a task does not fit what is kept of it, or None."""
    known = kept.get(name)
    if known is None or known["version"] < version(name):
        return f"{name} must be in {FILE.name} in version {version(name)}; run python tests/helpers/golden_prompts.py"
    if known["version"] > version(name):
        return f"version of {name} must be at least {known['version']}, got {version(name)}; never count down"
    if known["prompts"] != hashes(name):
        return f"version of {name} must be above {known['version']}, for its samples changed; count up its `version`"
    return None


def main() -> None:
    """Add tasks that are new and those whose version was counted up; refuse the others that changed."""
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    for name in names():
        if name not in kept or version(name) > kept[name]["version"]:
            kept[name] = {"version": version(name), "prompts": hashes(name)}
    if faults := [fault for name in names() if (fault := changed(kept, name))]:
        raise SystemExit("\n".join(faults))
    kept = {name: kept[name] for name in names()}
    FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
