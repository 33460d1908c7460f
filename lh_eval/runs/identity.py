"""What decides a run's rows: its config.json but for "provenance". A folder with another one is never gone on with."""

import hashlib
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

import lh_eval
from lh_eval.checkpoints.identity import architecture_sha256, tokenizer_sha256
from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.engine.answering import end_ids
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.modeling.settling import Settling
from lh_eval.runs.grid import Grid
from lh_eval.runs.setting import Setting
from lh_eval.tasks.base import get_task, version_of
from lh_eval.tasks.building.haystack_text import data_hashes
from lh_eval.tasks.chat import Chat

# of the code from prompts to rows; raised where the same samples get other rows, which no library's version says
ENGINE_VERSION = 1
_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
_ON_GPU = ("triton",)


def deciding_config(
    checkpoint: Checkpoint, grid: Grid, setting: Setting, settling: Settling | None = None
) -> dict[str, Any]:
    """Everything that decides a run's rows.

    Fields that runs of before do not have are differences too: what they were made with is not known.
    """
    model, tokenizer = checkpoint.model, checkpoint.tokenizer
    return {
        "task": grid.task,
        "lengths": list(grid.lengths),
        "depths": list(grid.depths),
        "trials": grid.trials,
        "seed": grid.seed,
        # only where it is used: runs of before there was the rule go on
        **({"until_ci": grid.until_ci, "max_trials": grid.max_trials} if grid.until_ci is not None else {}),
        **({"depth_tolerance": grid.depth_tolerance} if grid.depth_tolerance != DEPTH_TOLERANCE else {}),
        **({"settling": settling.to_dict(model)} if settling is not None else {}),
        "task_version": version_of(get_task(grid.task)),
        **data_hashes(get_task(grid.task)),
        "prompt": _prompt(checkpoint, grid),
        **_with_libraries(setting),
        "model": {
            "name": checkpoint.name,
            "weights_sha256": checkpoint.sha256,
            "config_sha256": architecture_sha256(model),
        },
        "tokenizer_sha256": tokenizer_sha256(tokenizer),
        "device": model.device.type,
        "dtype": checkpoint.dtype,
        "engine": {
            "version": ENGINE_VERSION,
            "attention": str(model.config._attn_implementation),
            "matmul_precision": torch.get_float32_matmul_precision(),
            "end_ids": sorted(end_ids(model, tokenizer)),
        },
        "versions": _versions(model.device.type),
    }


def _with_libraries(setting: Setting) -> dict[str, Any]:
    """The setting's fields; among its method's, the versions of packages that it runs."""
    fields = setting.to_dict()
    if setting.method.libraries:
        fields["attention"] |= {"versions": {name: _installed(name) for name in setting.method.libraries}}
    return fields


def _prompt(checkpoint: Checkpoint, grid: Grid) -> dict[str, Any]:
    """How prompts are made, and a hash of two: what changes a task, its words or its tokens without saying so shows.

    `template` is the chat template that prompts are put into; None where there is none.
    """
    task = get_task(grid.task)
    digest = hashlib.sha256()
    for depth in dict.fromkeys((grid.depths[0], grid.depths[-1])):
        sample = task.sample(checkpoint.tokenizer, length=grid.lengths[0], depth=depth, trial=0, seed=grid.seed)
        digest.update(f"{sample.prompt_sha256} {sample.scoring} {sample.answers}\n".encode())
    template = task.template(checkpoint.tokenizer) if isinstance(task, Chat) else None
    return {"template": template, "sha256": digest.hexdigest()}


def _versions(device: str) -> dict[str, str | None]:
    """Of lh_eval, Python and the libraries that rows depend on; None where one is not there."""
    libraries = (*_LIBRARIES, *_ON_GPU) if device == "cuda" else _LIBRARIES
    return {
        "lh_eval": lh_eval.__version__,
        "python": platform.python_version(),
        **{name: _installed(name) for name in libraries},
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
