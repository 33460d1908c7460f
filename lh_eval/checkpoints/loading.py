"""Loading a checkpoint for evaluation: weights as safetensors, no code of its own unless asked for."""

import contextlib
import dataclasses
import logging
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.adapters import FILE_NAME as ADAPTER_FILE
from lh_eval.checkpoints.adapters import Adapter, merge_adapter, read_adapter
from lh_eval.checkpoints.architectures import know_architecture
from lh_eval.checkpoints.config_values import check_config_values
from lh_eval.checkpoints.devices import resolve_device, resolve_dtype
from lh_eval.checkpoints.diagnosis import check_report, check_vocabulary, explained
from lh_eval.checkpoints.gguf import load_gguf, load_gguf_tokenizer
from lh_eval.checkpoints.identity import weights_state
from lh_eval.checkpoints.locating import locate, tensors_sha256, weight_files, weights_sha256
from lh_eval.checkpoints.quiet import quiet_transformers
from lh_eval.checkpoints.settings import CheckpointSettings
from lh_eval.errors import InputError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_log = logging.getLogger(__name__)
_TOKENIZER = "tokenizer_config.json"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A model that is ready to be evaluated.

    Attributes:
        model: transformers causal LM in evaluation mode, on its device.
        tokenizer: its tokenizer.
        name: name for results: of the folder, on the hub, or of the shipped checkpoint.
        folder: where its files lie.
        file_sha256: hash of its weights' files (`weights_sha256`); None where it comes from memory.
        loaded: its weights as they were loaded from those files, as `weights_state` has them.
        settings: what its `lighthouse.json` says, or None.
        device: where it lies, such as "cuda".
        dtype: precision of its weights, such as "bfloat16".
    """

    model: "PreTrainedModel"
    tokenizer: "PreTrainedTokenizerBase"
    name: str
    folder: Path | None
    file_sha256: str | None
    settings: CheckpointSettings | None
    device: str
    dtype: str
    loaded: int | None = None
    _hashed: dict[int, str] = dataclasses.field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def sha256(self) -> str:
        """Hash of its weights: of their files, or of the tensors themselves where those are not the files' any more."""
        state = weights_state(self.model)
        if self.file_sha256 is not None and state == self.loaded:
            return self.file_sha256
        if state not in self._hashed:
            self._hashed[state] = tensors_sha256(self.model)
        return self._hashed[state]

    @property
    def defaults(self) -> CheckpointSettings:
        """What it is evaluated under where nothing else is said: its own settings, or the paper's.

        Of a model with so few layers that the paper's leave none, the first and the last stay dense, or none does.
        """
        return _defaults(self.settings, getattr(self.model.config.get_text_config(), "num_hidden_layers", None))


def _defaults(settings: CheckpointSettings | None, layers: int | None) -> CheckpointSettings:
    return settings or CheckpointSettings(config=LighthouseConfig(), dense_layers=_usual_dense(layers))


def _usual_dense(layers: int | None) -> tuple[int, ...]:
    """The paper's dense layers, or as many of them as leave a layer of so many."""
    if not isinstance(layers, int) or layers > 4:
        return 0, 1, -2, -1
    return (0, -1) if layers > 2 else ()


def as_checkpoint(model: "PreTrainedModel", tokenizer: "PreTrainedTokenizerBase | None" = None) -> Checkpoint:
    """A model that is in memory as a `Checkpoint`; one that is a checkpoint already is returned as it is.

    Raises:
        InputError: a model comes without its tokenizer, or with another's; or a checkpoint with one.
    """
    if isinstance(model, Checkpoint):
        if tokenizer is not None:
            raise InputError("tokenizer must be left out with a checkpoint, got one; the checkpoint has its own")
        return model
    if tokenizer is None:
        raise InputError(f"tokenizer must be given with a model, got {type(model).__name__} alone")
    name = Path(str(getattr(model.config, "name_or_path", "") or type(model).__name__)).name
    check_vocabulary(tokenizer, model.get_input_embeddings().num_embeddings, name)
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        name=name,
        folder=None,
        file_sha256=None,
        settings=None,
        device=str(model.device),
        dtype=str(model.dtype).removeprefix("torch."),
    )


def load_checkpoint(
    name_or_path: str | None = None, *, device: str = "auto", dtype: str = "auto", trust_remote_code: bool = False
) -> Checkpoint:
    """Load a model, its tokenizer and its Lighthouse settings.

    Args:
        name_or_path: checkpoint folder, an adapter's folder, a GGUF file, hub name or shipped name; None is the
            shipped default.
        device: `auto`, or a torch device.
        dtype: `auto`, `float32`, `bfloat16` or `float16`.
        trust_remote_code: run code that the checkpoint brings.

    Raises:
        InputError: the model, device or dtype is unknown, or the files cannot be used.
    """
    torch_device = resolve_device(device)
    torch_dtype = resolve_dtype(dtype, torch_device)
    name, place = locate(name_or_path)
    adapter = read_adapter(place)
    base = _base(adapter) if adapter else place
    files = [*weight_files(base), *([adapter.weights] if adapter else [])]
    settings = _settings(place, base)
    if base.is_file():
        model, tokenizer = load_gguf(base, torch_dtype)
    else:
        know_architecture(base)
        check_config_values(base)
        own = adapter is not None and (place / _TOKENIZER).is_file()
        tokenizer = _load_tokenizer(place if own else base, trust_remote_code)
        model = _load_folder(base, torch_dtype, trust_remote_code)
    if adapter:
        with quiet_transformers(), _as_input_error(place, "adapter"):
            model = merge_adapter(model, adapter)
    check_vocabulary(tokenizer, model.get_input_embeddings().num_embeddings, str(place))
    model = model.to(torch_device).eval()
    _log.info(
        "%s: %s parameters as %s on %s, from %s", name, f"{model.num_parameters():,}", torch_dtype, torch_device, place
    )
    return Checkpoint(
        model=model,
        tokenizer=tokenizer,
        name=name,
        folder=_folder(place),
        file_sha256=weights_sha256(files),
        settings=settings,
        device=str(torch_device),
        dtype=str(torch_dtype).removeprefix("torch."),
        loaded=weights_state(model),
    )


def stored_settings(name_or_path: str | None = None) -> CheckpointSettings:
    """What a checkpoint's `lighthouse.json` says, or the paper's settings: known before a weight is read.

    Which layers stay dense where it has none, the model decides: see `Checkpoint.defaults`. Errors as in
    `load_checkpoint`.
    """
    _, place = locate(name_or_path)
    adapter = read_adapter(place)
    base = _base(adapter) if adapter else place
    weight_files(base)
    return _defaults(_settings(place, base), None)


def load_tokenizer(name_or_path: str | None = None, *, trust_remote_code: bool = False) -> "PreTrainedTokenizerBase":
    """Load a checkpoint's tokenizer alone; arguments and errors as in `load_checkpoint`."""
    _, place = locate(name_or_path)
    if not place.is_file() and not (place / _TOKENIZER).is_file() and (adapter := read_adapter(place)):
        place = _base(adapter)
    return load_gguf_tokenizer(place) if place.is_file() else _load_tokenizer(place, trust_remote_code)


def _folder(place: Path) -> Path:
    return place.parent if place.is_file() else place


def _settings(place: Path, base: Path) -> CheckpointSettings | None:
    """The `lighthouse.json` beside a checkpoint's files, of an adapter without one its base's."""
    return CheckpointSettings.read(_folder(place)) or CheckpointSettings.read(_folder(base))


def _base(adapter: Adapter) -> Path:
    """Where an adapter's checkpoint lies."""
    try:
        _, base = locate(adapter.base)
    except InputError as error:
        raise InputError(
            f"adapter's base must be there, got {adapter.base!r}: {error}; "
            f"write its folder as base_model_name_or_path into {adapter.folder / ADAPTER_FILE}"
        ) from None
    if read_adapter(base):
        raise InputError(f"adapter's base must be a checkpoint, got the adapter {str(base)!r}; merge that one first")
    return base


def _load_folder(folder: Path, dtype: "torch.dtype", trust_remote_code: bool) -> "PreTrainedModel":
    """A transformers folder's model."""
    with quiet_transformers(), _as_input_error(folder, "model"):
        model, report = _load_model(
            folder,
            dtype=dtype,
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # the report names them, and they are refused below
            trust_remote_code=trust_remote_code,
            local_files_only=True,
        )
    check_report(report, folder)
    loaded: PreTrainedModel = model
    return loaded


def _load_tokenizer(folder: Path, trust_remote_code: bool) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    pieces = folder / "tokenizer.model"
    if pieces.is_file() and not (folder / "tokenizer.json").is_file() and find_spec("sentencepiece") is None:
        raise InputError(
            f"sentencepiece must be there to read {str(pieces)!r}, got no such package; "
            "run pip install sentencepiece protobuf"
        )
    with quiet_transformers(), _as_input_error(folder, "tokenizer"):
        return AutoTokenizer.from_pretrained(folder, trust_remote_code=trust_remote_code, local_files_only=True)


def _load_model(folder: Path, **options: Any) -> Any:
    """As transformers loads it, with `sdpa` whatever the folder asks for, or plain attention where it has no other."""
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa", **options)
    except ValueError as error:  # raised before any weight is read
        if "scaled_dot_product_attention" not in str(error):
            raise
        return AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", **options)


@contextlib.contextmanager
def _as_input_error(folder: Path, part: str) -> Iterator[None]:
    """Turn what transformers raises about bad files into one line."""
    try:
        yield
    except Exception as error:  # whatever libraries make of files that are not what they expect
        if "trust_remote_code" in str(error):
            raise InputError(
                f"model must be of an architecture that transformers knows, got {str(folder)!r} with code of its own; "
                "read that code, then pass --trust-remote-code"
            ) from None
        raise explained(error, folder, part) from error
