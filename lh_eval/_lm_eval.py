"""lm-eval knows our model by name once `lh_eval` is imported, whichever comes first; neither loads the other.

lm-eval fills its registry when it imports `lm_eval.models`; what is put there is a name and where to find the class.
"""

import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

NAME = "lighthouse"
_TARGET = "lh_eval.integrations.lm_eval_model:LighthouseLM"
_MODELS = "lm_eval.models"


def announce() -> None:
    """Register the model now, or as soon as lm-eval has registered its own."""
    if _MODELS in sys.modules:
        _register()
    elif not any(isinstance(finder, _Awaiting) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Awaiting())


class _Awaiting:
    """Finds `lm_eval.models` where it is, and registers the model once it was executed."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        if name != _MODELS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def then_register(module: ModuleType) -> None:
            execute(module)
            _register()

        spec.loader.exec_module = then_register  # type: ignore[method-assign]
        return spec


def _register() -> None:
    from lm_eval.api.registry import model_registry

    if NAME not in model_registry:  # versions that load entry points know it already
        model_registry.register(NAME, target=_TARGET)
