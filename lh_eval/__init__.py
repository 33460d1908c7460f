"""lh_eval: does a checkpoint trained under Lighthouse attention still find the needle?

    from lh_eval import LighthouseConfig, evaluate, get_task, lighthouse_attention, select_entries, use_lighthouse

Names are imported on first use, so that `import lh_eval` costs nothing.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval._checkout import find_beside

if TYPE_CHECKING:
    from lh_eval.analysis.compare import compare
    from lh_eval.attention.config import LighthouseConfig
    from lh_eval.attention.operator import lighthouse_attention, select_entries
    from lh_eval.checkpoints.loading import load_checkpoint
    from lh_eval.errors import InputError
    from lh_eval.modeling.session import use_lighthouse
    from lh_eval.runs.evaluate import evaluate
    from lh_eval.store.run import read_run
    from lh_eval.tasks.base import get_task

find_beside(Path(__file__).parent)

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
    "compare": "lh_eval.analysis.compare",
    "evaluate": "lh_eval.runs.evaluate",
    "get_task": "lh_eval.tasks.base",
    "lighthouse_attention": "lh_eval.attention.operator",
    "load_checkpoint": "lh_eval.checkpoints.loading",
    "read_run": "lh_eval.store.run",
    "select_entries": "lh_eval.attention.operator",
    "use_lighthouse": "lh_eval.modeling.session",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lh_eval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
