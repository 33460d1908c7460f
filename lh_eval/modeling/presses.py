"""NVIDIA KVPress's presses by name: `snapkv`, or `adakv:snapkv` for one around another.

kvpress is imported when a press is made, never before. Its import wraps each of transformers' attention functions; that
is taken back at once, since `compressed_cache` masks what a press hides.
"""

import contextlib
import importlib
import inspect
import logging
import re
import types
from collections.abc import Iterator
from typing import Any

import torch
from huggingface_hub import constants
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from lh_eval.errors import InputError, unknown_name

# kvpress names a transformers below ours: pip can install it only without what it names
INSTALL = 'pip install --no-deps kvpress==0.5.5 "cachetools<6" "fire<0.7" termcolor'


def make_press(name: str, ratio: float) -> Any:
    """The press of a name.

    Args:
        name: a class of kvpress in small letters, `snapkv` for `SnapKVPress`; one around another as `adakv:snapkv`.
        ratio: share of the cache that it drops.

    Raises:
        InputError: kvpress cannot be imported, no such name, or a ratio alone does not make the press.
    """
    classes = press_classes()
    outer, _, inner = name.partition(":")
    if outer not in classes:
        raise unknown_name("press", outer, classes)
    parameters = inspect.signature(classes[outer]).parameters
    given: dict[str, Any] = {"compression_ratio": ratio} if "compression_ratio" in parameters else {}
    if inner and "press" in parameters:
        given["press"] = make_press(inner, ratio)
    elif inner:
        raise InputError(f"press {outer!r} must go without another, got {name!r}; leave {inner!r} out")
    if not given:
        hint = f"give it another, such as {outer}:snapkv" if "press" in parameters else "take another press"
        raise InputError(f"press must be made by a ratio alone, got {outer!r}, made by {', '.join(parameters)}; {hint}")
    with explained(outer):
        press = classes[outer](**given)
        if press.compression_ratio != ratio:
            raise InputError(f"press must keep to its ratio {ratio}, got {outer!r} with {press.compression_ratio}")
    return press


def press_classes() -> dict[str, Any]:
    """The classes of presses by name."""
    kvpress = load_kvpress()
    known = [value for value in vars(kvpress).values() if inspect.isclass(value)]
    presses = {press_name(value): value for value in known if issubclass(value, kvpress.BasePress)}
    return {name: presses[name] for name in sorted(presses) if name not in ("base", "scorer")}


def press_name(press: type) -> str:
    """`SnapKVPress` is `snapkv`, `StreamingLLMPress` is `streaming_llm`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z][a-zA-Z])", "_", press.__name__.removesuffix("Press"))
    return words.lower().replace("_kv", "kv")


def load_kvpress() -> types.ModuleType:
    """Import kvpress, and take back what the import does to transformers' attention functions.

    Raises:
        InputError: it cannot be imported.
    """
    functions = ALL_ATTENTION_FUNCTIONS
    before = dict(functions)
    try:
        return importlib.import_module("kvpress")
    except ImportError as error:
        raise InputError(f"kvpress must be installed for a press, got {str(error)!r}; run {INSTALL}") from error
    finally:
        for name, function in before.items():
            if functions[name] is not function:
                del functions[name]  # uncovers what the library registered
            if functions[name] is not function:
                functions[name] = function


@contextlib.contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn whatever is raised under a press into one line.

    What the press would load from the hub must be there already, and its warnings, the same at each context, are left
    out.
    """
    offline, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, True
    logger = logging.getLogger("kvpress")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    except (InputError, torch.OutOfMemoryError):
        raise
    except Exception as error:
        reason = " ".join(str(error).split()) or "no reason given"
        raise InputError(
            f"press must fit the model and its prompts, got {name!r} with {type(error).__name__}: {reason[:200]}"
        ) from error
    finally:
        constants.HF_HUB_OFFLINE = offline
        logger.setLevel(level)
