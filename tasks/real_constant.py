"""Constants in real source code: which value a module gives to a name."""

import ast
import collections
import dataclasses
import functools
import re

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Item, gather_items
from lh_eval.tasks.python_source import statements

QUESTION = "\n\n# as in the module {module}:\n{name} ="
MOST_CHARACTERS = 2000


@TASKS.register("py_constant")
@dataclasses.dataclass(frozen=True)
class PyConstant(DocumentTask):
    """The value of a constant in a module of Python's standard library, the source code around it.

    Measures: retrieval by an exact name among many alike.
    Source: the source of Python's standard library, read by `ast`.

    The truth is `ast`'s: an integer or a string that the source gives to a name in capitals at the top level, a name
    that no other line of these modules gives a value. The modules are those of the running interpreter: another Python
    has other prompts, and `prompt_sha256` tells them apart.
    """

    def document(self) -> Document:
        """The modules in statements."""
        return _document(self.questions)


@functools.cache
def _document(questions: int) -> Document:
    units = [statement.text for statement in statements()]
    given = collections.Counter(re.findall(r"\b([A-Z][A-Z0-9_]{2,}) *=(?!=)", "\n".join(units)))
    items = []
    for i, (module, node, text) in enumerate(statements()):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
            continue
        target, value = node.targets[0], node.value.value
        if len(node.targets) > 1 or not isinstance(target, ast.Name) or given[target.id] != 1:
            continue
        shown = _shown(value)
        # what the source writes otherwise, such as 0o777, cannot be read off
        if shown and re.search(rf"^{target.id} *= *[\"']?{re.escape(shown)}\b", text, re.MULTILINE):
            question = QUESTION.format(module=module, name=target.id)
            items.append(Item((i,), question, (shown,), "number" if isinstance(value, int) else "any"))
    return Document(units, gather_items(items, units, questions, MOST_CHARACTERS))


def _shown(value: object) -> str | None:
    """The answer for a constant's value; None for one that is not asked for."""
    if type(value) is int:
        return str(value)
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z][\w.-]{1,30}", value):
        return value
    return None
