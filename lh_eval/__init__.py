"""lh_eval: does a checkpoint trained under Lighthouse attention still find the needle?

    from lh_eval import LighthouseConfig, evaluate, get_task, lighthouse_attention, select_entries, use_lighthouse

Names are imported on first use, so that `import lh_eval` costs nothing.
"""

import importlib
import os.path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lh_eval.attention.config import LighthouseConfig
    from lh_eval.attention.operator import lighthouse_attention, select_entries
    from lh_eval.attention.transformers import use_lighthouse
    from lh_eval.errors import InputError
    from lh_eval.evaluation.evaluate import evaluate
    from lh_eval.models.loading import load_checkpoint
    from lh_eval.results.compare import compare
    from lh_eval.results.run import read_run
    from lh_eval.tasks.base import get_task

# A source checkout keeps kernels/, scorers/ and tasks/ beside this folder; installed, they lie inside it. Python
# started in the checkout finds this folder first, and must find those three as well.
_here = os.path.dirname(__file__)
if not os.path.isdir(os.path.join(_here, "kernels")):
    __path__.append(os.path.dirname(_here))

__version__ = "0.1.0"
__all__ = [
    "InputError",
    "LighthouseConfig",
    "compare",
    "evaluate",
    "get_task",
    "lighthouse_attention",
    "load_checkpoint",
    "read_run",
    "select_entries",
    "use_lighthouse",
]

_HOME = {
    "InputError": "lh_eval.errors",
    "LighthouseConfig": "lh_eval.attention.config",
    "compare": "lh_eval.results.compare",
    "evaluate": "lh_eval.evaluation.evaluate",
    "get_task": "lh_eval.tasks.base",
    "lighthouse_attention": "lh_eval.attention.operator",
    "load_checkpoint": "lh_eval.models.loading",
    "read_run": "lh_eval.results.run",
    "select_entries": "lh_eval.attention.operator",
    "use_lighthouse": "lh_eval.attention.transformers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lh_eval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
