"""The source of the standard library's modules, cut at top-level statements."""

import ast
import functools
import sysconfig
from pathlib import Path
from typing import NamedTuple

MOST_BYTES = 60_000


class Statement(NamedTuple):
    """A top-level statement.

    module: its module.
    node: its syntax tree.
    text: its source, with the comments before it; for a module's first, a line with the module's name ahead.
    """

    module: str
    node: ast.stmt
    text: str


@functools.cache
def statements() -> list[Statement]:
    """The statements of the running interpreter's top-level modules, by module, in order.

    Modules of more than 60 kB are left out; the rest is about 2.5 MB.
    """
    found = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")):
        if path.stat().st_size > MOST_BYTES:
            continue
        source = path.read_text(encoding="utf-8")
        lines = source.splitlines(keepends=True)
        nodes = ast.parse(source).body
        ends = [node.end_lineno or node.lineno for node in nodes]
        for node, start, end in zip(nodes, [0, *ends], [*ends[:-1], len(lines)], strict=False):
            if text := "".join(lines[start:end]):  # a second statement on a line has none of its own
                header = "" if start else f"\n\n# module {path.stem}\n"
                found.append(Statement(path.stem, node, header + text))
    return found
