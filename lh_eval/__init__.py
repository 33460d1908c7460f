"""lh_eval: does a checkpoint trained under Lighthouse attention still find the needle?

    from lh_eval import Grid, evaluate, lighthouse_attention, load_checkpoint, run, select_entries, use_lighthouse

Names are imported on first use, so that `import lh_eval` costs nothing.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lh_eval._checkout import find_beside
from lh_eval._lm_eval import announce

if TYPE_CHECKING:
    from lh_eval.analysis.compare import compare as compare
    from lh_eval.attention.config import LighthouseConfig as LighthouseConfig
    from lh_eval.attention.operator import lighthouse_attention as lighthouse_attention
    from lh_eval.attention.operator import select_entries as select_entries
    from lh_eval.attention.rotary import Rotary as Rotary
    from lh_eval.checkpoints.loading import Checkpoint as Checkpoint
    from lh_eval.checkpoints.loading import load_checkpoint as load_checkpoint
    from lh_eval.errors import InputError as InputError
    from lh_eval.methods.base import METHODS as METHODS
    from lh_eval.methods.lighthouse import use_lighthouse as use_lighthouse
    from lh_eval.runs.evaluate import evaluate as evaluate
    from lh_eval.runs.grid import Grid as Grid
    from lh_eval.runs.run import run as run
    from lh_eval.runs.setting import Setting as Setting
    from lh_eval.scorers.base import SCORERS as SCORERS
    from lh_eval.store.run import read_run as read_run
    from lh_eval.tasks.base import TASKS as TASKS
    from lh_eval.tasks.base import Sample as Sample
    from lh_eval.tasks.base import get_task as get_task

find_beside(Path(__file__).parent)
announce()

__version__ = "0.1.0"

# every public name, and the module that has it
_HOME = {
    "Checkpoint": "lh_eval.checkpoints.loading",
    "Grid": "lh_eval.runs.grid",
    "InputError": "lh_eval.errors",
    "LighthouseConfig": "lh_eval.attention.config",
    "METHODS": "lh_eval.methods.base",
    "Rotary": "lh_eval.attention.rotary",
    "SCORERS": "lh_eval.scorers.base",
    "Sample": "lh_eval.tasks.base",
    "Setting": "lh_eval.runs.setting",
    "TASKS": "lh_eval.tasks.base",
    "compare": "lh_eval.analysis.compare",
    "evaluate": "lh_eval.runs.evaluate",
    "get_task": "lh_eval.tasks.base",
    "lighthouse_attention": "lh_eval.attention.operator",
    "load_checkpoint": "lh_eval.checkpoints.loading",
    "read_run": "lh_eval.store.run",
    "run": "lh_eval.runs.run",
    "select_entries": "lh_eval.attention.operator",
    "use_lighthouse": "lh_eval.methods.lighthouse",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'lh_eval' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
