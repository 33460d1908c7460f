"""Function signatures in real source code: which arguments a function takes."""

import ast
import collections
import dataclasses
import functools
import re

from lh_eval.tasks.base import TASKS
from lh_eval.tasks.building.document import Document, DocumentTask, Item, gather_items
from lh_eval.tasks.python_source import statements

QUESTION = "\n\n# as in the module {module}:\ndef {name}("
MOST_CHARACTERS, MOST_ALIKE, LEAST_LETTERS = 2500, 3, 3


@TASKS.register("py_signature")
@dataclasses.dataclass(frozen=True)
class PySignature(DocumentTask):
    """The argument names of a function in Python's standard library, the source code around it.

    Measures: retrieval of several words; all must be there.
    Source: the source of Python's standard library, read by `ast`.

    The truth is `ast`'s: functions at the top level of a name that is defined once, with two arguments or more, none
    with a star, of three letters or more and together those of few others, so that a guess gains nothing. The modules
    are those of the running interpreter: another Python has other prompts, and `prompt_sha256` tells them apart.

    Attributes:
        questions: questions that share a context; such functions seldom stand close together.
    """

    questions: int = 2

    def document(self) -> Document:
        """The modules in statements."""
        return _document(self.questions)


@functools.cache
def _document(questions: int) -> Document:
    units = [statement.text for statement in statements()]
    defined = collections.Counter(re.findall(r"\bdef (\w+)", "\n".join(units)))
    items = []
    for i, (module, node, _) in enumerate(statements()):
        if not isinstance(node, ast.FunctionDef) or defined[node.name] != 1:
            continue
        takes = node.args
        names = tuple(arg.arg for arg in [*takes.posonlyargs, *takes.args, *takes.kwonlyargs])
        if len(names) > 1 and not (takes.vararg or takes.kwarg) and min(map(len, names)) >= LEAST_LETTERS:
            items.append(Item((i,), QUESTION.format(module=module, name=node.name), names, "all"))
    alike = collections.Counter(item.answers for item in items)
    items = [item for item in items if alike[item.answers] <= MOST_ALIKE]
    return Document(units, gather_items(items, units, questions, MOST_CHARACTERS))
