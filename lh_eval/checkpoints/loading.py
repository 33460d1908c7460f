"""Loading a checkpoint for evaluation: weights as safetensors, no code of its own unless asked for."""

import contextlib
import dataclasses
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.devices import resolve_device, resolve_dtype
from lh_eval.checkpoints.locating import locate, weight_files, weights_sha256
from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model that is ready to be evaluated.

    Attributes:
        model: transformers causal LM in evaluation mode, on its device.
        tokenizer: its tokenizer.
        name: name for results: of the folder, on the hub, or of the shipped checkpoint.
        folder: where its files lie.
        sha256: hash of its weights (`weights_sha256`).
        settings: what its `lighthouse.json` says, or None.
        device: where it lies, such as "cuda".
        dtype: precision of its weights, such as "bfloat16".
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    name: str
    folder: Path | None
    sha256: str
    settings: CheckpointSettings | None
    device: str
    dtype: str

    @property
    def defaults(self) -> CheckpointSettings:
        """What it is evaluated under where nothing else is said: its own settings, or the paper's."""
        return self.settings or CheckpointSettings(config=LighthouseConfig(), dense_layers=(0, 1, -2, -1))


def load_checkpoint(
    name_or_path: str | None = None, *, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False
) -> Checkpoint:
    """Load a model, its tokenizer and its Lighthouse settings.

    Args:
        name_or_path: checkpoint folder, hub name or shipped name; None is the shipped default.
        device: `auto`, or a torch device.
        dtype: `auto`, `float32`, `bfloat16` or `float16`.
        trust_remote_code: run code that the checkpoint brings.

    Raises:
        InputError: the model, device or dtype is unknown, or the files cannot be used.
    """
    torch_device = resolve_device(device)
    torch_dtype = resolve_dtype(dtype, torch_device)
    name, folder = locate(name_or_path)
    files = weight_files(folder)
    settings = CheckpointSettings.read(folder)

    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {"trust_remote_code": trust_remote_code, "local_files_only": True}
    with quiet_transformers():
        with _as_input_error(folder, "model"):
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                dtype=torch_dtype,
                attn_implementation="sdpa",
                use_safetensors=True,
                output_loading_info=True,
                **source,
            )
        with _as_input_error(folder, "tokenizer"):
            tokenizer = AutoTokenizer.from_pretrained(folder, **source)
    model, report = loaded
    if missing := sorted(report["missing_keys"]):  # transformers would fill them with random numbers
        raise InputError(f"model must have all its weights, got {str(folder)!r} without {missing[0]}")
    return Checkpoint(
        model=model.to(torch_device).eval(),
        tokenizer=tokenizer,
        name=name,
        folder=folder,
        sha256=weights_sha256(files),
        settings=settings,
        device=str(torch_device),
        dtype=str(torch_dtype).removeprefix("torch."),
    )


def load_tokenizer(name_or_path: str | None = None, *, trust_remote_code: bool = False) -> "PreTrainedTokenizerBase":
    """Load a checkpoint's tokenizer alone; arguments and errors as in `load_checkpoint`."""
    from transformers import AutoTokenizer

    _, folder = locate(name_or_path)
    with quiet_transformers(), _as_input_error(folder, "tokenizer"):
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)


@contextlib.contextmanager
def _as_input_error(folder: Path, part: str) -> Iterator[None]:
    """Turn what transformers raises about bad files into one line."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, ImportError, SafetensorError) as error:
        if "trust_remote_code" in str(error):
            raise InputError(
                f"model must be of an architecture that transformers knows, got {str(folder)!r} with code of its own; "
                "read that code, then pass --trust-remote-code"
            ) from None
        reason = textwrap.shorten(str(error) or type(error).__name__, 200, placeholder=" ...")
        raise InputError(f"{part} must be loadable from {str(folder)!r}, got: {reason}") from error
