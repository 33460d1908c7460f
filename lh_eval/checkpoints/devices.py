"""Where a model runs and in which precision."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError, unknown_name

if TYPE_CHECKING:
    import torch

DTYPES = ("float32", "bfloat16", "float16")


def resolve_device(name: str = "auto") -> "torch.device":
    """The device of that name, such as `cpu`, `cuda` or `cuda:1`; `auto` is cuda, else mps, else cpu.

    Raises:
        InputError: no such device, or this machine has none.
    """
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (":" in name and not index.isdecimal()):
        raise unknown_name("device", name, ["auto", "cpu", "cuda", "mps"])
    available = {"cpu": 1, "cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}[kind]
    if int(index or 0) >= available:
        have = f"{available} of {kind}" if available else f"no {kind} device"
        raise InputError(f"device must be one that this machine has, got {name!r} with {have} here; use --device auto")
    return torch.device(name)


def resolve_dtype(name: str, device: "torch.device") -> "torch.dtype":
    """The dtype of that name; `auto` is bfloat16 on a GPU that computes in it, float16 on older ones, else float32.

    Raises:
        InputError: no such dtype.
    """
    import torch

    if name == "auto":
        if device.type != "cuda":
            return torch.float32
        # compute capability 8.0 is the first with bfloat16 units
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
    if name not in DTYPES:
        raise unknown_name("dtype", name, ["auto", *DTYPES])
    dtype: torch.dtype = getattr(torch, name)
    return dtype
