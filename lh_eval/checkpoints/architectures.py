"""Architectures that transformers does not know: flash-linear-attention's, where that is installed."""

from pathlib import Path

from lh_eval.compat import forget_replaced_architectures
from lh_eval.errors import InputError
from lh_eval.store.files import read_json


def know_architecture(folder: Path) -> None:
    """Have transformers know flash-linear-attention's architectures where the folder's is none of its own.

    Raises:
        InputError: config.json is no JSON object, or of an architecture that nobody knows and that brings no code.
    """
    from transformers import PreTrainedConfig
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    read_json(folder / "config.json")  # else transformers fails on what is no object, in its own way
    try:
        values, _ = PreTrainedConfig.get_config_dict(folder, local_files_only=True)
    except (OSError, ValueError):
        return  # what is wrong with it, loading says
    kind = values.get("model_type")
    if not isinstance(kind, str) or kind in CONFIG_MAPPING or "auto_map" in values:
        return
    try:
        import fla.models  # noqa: F401 - importing it registers them
    except ImportError:
        pass
    else:
        forget_replaced_architectures()  # it registers a Mamba of its own over transformers'
    if kind not in CONFIG_MAPPING:
        raise InputError(
            f"model must be of an architecture that transformers knows, got model_type {kind!r} in {str(folder)!r}; "
            "if it is one of flash-linear-attention's, pip install 'lh-eval[fla]'"
        )
