"""A GGUF file as a model and a tokenizer: its weights, dequantised exactly, in the precision that is asked for."""

import contextlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.errors import InputError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

SUFFIX = ".gguf"


class FromGguf(NamedTuple):
    """What a file holds.

    model: with plain weights, as if it had never been quantised.
    tokenizer: its own, with its chat template if it has one.
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"


def load_gguf(file: Path, dtype: "torch.dtype") -> FromGguf:
    """Load a GGUF file.

    Raises:
        InputError: the file cannot be read, or is of an architecture that transformers does not read from GGUF.
    """
    from transformers import AutoModelForCausalLM, GgufConfig

    with _reading(file):
        model: Any = AutoModelForCausalLM.from_pretrained(
            file.parent,
            gguf_file=file.name,
            quantization_config=GgufConfig(dequantize=True),
            dtype=dtype,
            local_files_only=True,
        )
    # the weights are plain now; left in place, both make save_pretrained refuse
    model.hf_quantizer = None
    vars(model.config).pop("quantization_config", None)
    return FromGguf(model, load_gguf_tokenizer(file))


def load_gguf_tokenizer(file: Path) -> "PreTrainedTokenizerBase":
    """Load a GGUF file's tokenizer alone; errors as in `load_gguf`."""
    from transformers import AutoTokenizer

    with _reading(file):
        return AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True)


@contextlib.contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Keep the reader's progress bar, which heeds no setting of transformers, off the screen; its errors are ours."""
    if importlib.util.find_spec("gguf") is None:
        raise InputError(f"gguf must be there to read {str(file)!r}, got no such package; run pip install gguf")
    with quiet_transformers(), open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
        try:
            yield
        except Exception as error:  # whatever libraries make of bytes that are not what they expect
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError(
                f"weights must be a GGUF file that transformers reads, got {str(file)!r}: {reason}; "
                "give the checkpoint that it was made of"
            ) from error
