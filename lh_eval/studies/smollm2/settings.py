"""The settings of docs/protocol-smollm2.md by the names that it gives them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lh_eval.store.run import Run
from lh_eval.store.sweep import DENSE, read_sweep

READINGS, ROPES, COMBINES = ("prompt", "context"), ("before", "after"), ("finest", "sum", "mean")
ALL, HALF = 1024, 128  # k at which everything is gathered, and half of the tokens
LOCAL = (4, 16, 64)  # last tokens that are seen in any case
OTHERS = ("block", "window", "press:snapkv", "press:knorm")

Settings = Mapping[str, Mapping[str, Run]]  # by reading and label


def read_settings(folder: Path) -> Settings:
    """Read the sweep of each reading that there is."""
    sweeps = {reading: folder / reading for reading in READINGS if (folder / reading).is_dir()}
    return {
        reading: {label_of(run.config["attention"]): run for run in read_sweep(path).runs.values()}
        for reading, path in sweeps.items()
    }


def label_of(attention: Mapping[str, Any] | None) -> str:
    """How the protocol names a setting, from the field `attention` of its config.json."""
    if attention is None:
        return DENSE
    rope = attention.get("rope", "before")
    match attention.get("method", "lighthouse"):
        case "lighthouse":
            return lighthouse(attention["k"], attention.get("combine", "sum"), rope)
        case "halved":
            return half(attention["keeps"], rope, attention.get("local", 1))
        case "press":
            return f"press:{attention['name']}"
        case method:
            return str(method)


def lighthouse(k: int, combine: str, rope: str) -> str:
    """Label of a setting of Lighthouse."""
    return f"k = {k}, `{combine}`, {rope}"


def half(keeps: str, rope: str, local: int = 1) -> str:
    """Label of half of Lighthouse, in which a token sees so many of the last ones in any case."""
    return f"{keeps} kept, {rope}" if local == 1 else f"{keeps} kept and the last {local}, {rope}"
