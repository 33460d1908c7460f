"""What names a checkpoint's parts beside its weights, so that a run never meets rows of another one."""

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

# of a model's configuration, what its saving changes and its logits do not
_NOT_DECIDING = {"transformers_version", "_name_or_path", "name_or_path", "architectures", "dtype", "torch_dtype"}


def tokenizer_sha256(tokenizer: "PreTrainedTokenizerBase") -> str:
    """Hash of what turns text into tokens: the tokenizer's definition, of a slow one its vocabulary."""
    text = tokenizer.backend_tokenizer.to_str() if tokenizer.is_fast else json.dumps(tokenizer.get_vocab())
    return hashlib.sha256(text.encode()).hexdigest()


def weights_state(model: "PreTrainedModel") -> int:
    """A number that changes when a weight is replaced or written to, for as long as the model lives.

    What goes around autograd, `tensor.data.copy_(...)`, is not seen.
    """
    tensors = model.state_dict(keep_vars=True).items()
    # one made in inference mode counts nothing
    return hash(tuple((name, id(one), 0 if one.is_inference() else one._version) for name, one in tensors))


def architecture_sha256(model: "PreTrainedModel") -> str:
    """Hash of a model's configuration: the same weights give other logits under another base of RoPE."""
    config: dict[str, Any] = {
        name: value for name, value in model.config.to_dict().items() if name not in _NOT_DECIDING
    }
    return hashlib.sha256(json.dumps(config, sort_keys=True, default=str).encode()).hexdigest()
