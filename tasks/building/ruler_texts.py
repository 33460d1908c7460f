"""RULER's texts, read from the lm-eval that is installed: none of them is written here.

Its modules are parsed, not imported: they sort nine million pairs of words and look for a download.
"""

import ast
import functools
import hashlib
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lh_eval.errors import InputError


class RulerTexts(NamedTuple):
    """Texts with places in braces, as RULER fills them in.

    niah: introduction, `{context}` and question, of several values.
    singular: (old, new) that make it one of a single value, one after the other.
    needle: a record.
    niah_prefixes: the answer's prefix of one value, and of several.
    noise: the sentences that are repeated.
    vt, cwe, fwe, qa: as niah.
    vt_prefix, cwe_prefix, fwe_prefix, qa_prefix: the answer's prefix.
    document: a document of qa.
    """

    niah: str
    singular: tuple[tuple[str, str], ...]
    needle: str
    niah_prefixes: tuple[str, str]
    noise: str
    vt: str
    vt_prefix: str
    cwe: str
    cwe_prefix: str
    fwe: str
    fwe_prefix: str
    qa: str
    qa_prefix: str
    document: str

    @property
    def sha256(self) -> str:
        """Hash of all of them: a run's prompts are made of these."""
        return hashlib.sha256(json.dumps(self).encode()).hexdigest()


@functools.cache
def ruler_texts() -> RulerTexts:
    """The texts.

    Raises:
        InputError: lm-eval is not there, or has not these texts where its version 0.4.13 has them.
    """
    try:
        niah, prepare, vt, cwe, fwe, qa = map(
            _tree, ("niah_utils", "prepare_niah", "vt_utils", "cwe_utils", "fwe_utils", "qa_utils")
        )
        tracking = _literal(vt, "CONFIG")["variable_tracking"]
        words, coded, asked = (_literal(tree, "CONFIG") for tree in (cwe, fwe, qa))
        return RulerTexts(
            niah=_literal(niah, "TEMPLATE"),
            singular=tuple(_replaced(prepare, "template")),
            needle=_literal(prepare, "NEEDLE"),
            niah_prefixes=_prefixes(prepare),
            noise=_literal(_function(prepare, "get_haystack"), "haystack"),
            vt=tracking["template"],
            vt_prefix=tracking["answer_prefix"],
            cwe=words["template"],
            cwe_prefix=words["answer_prefix"],
            fwe=coded["template"],
            fwe_prefix=coded["answer_prefix"],
            qa=asked["template"],
            qa_prefix=asked["answer_prefix"],
            document=_literal(qa, "DOCUMENT_PROMPT"),
        )
    except (OSError, LookupError, StopIteration, SyntaxError, AttributeError, TypeError) as error:
        raise InputError(
            f"lm-eval must have RULER's texts as its version 0.4.13 does, got {type(error).__name__}: {error}; "
            "pip install lm-eval==0.4.13"
        ) from None


def _tree(module: str) -> ast.Module:
    found = importlib.util.find_spec("lm_eval")
    (folder,) = (found.submodule_search_locations or ["."])[:1] if found else ["."]
    return ast.parse((Path(folder) / "tasks" / "ruler" / f"{module}.py").read_text(encoding="utf-8"))


def _function(tree: ast.AST, name: str) -> ast.AST:
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == name)


def _literal(tree: ast.AST, name: str) -> Any:
    """The first literal that a name is assigned."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == name:
            try:
                return ast.literal_eval(node.value)
            except ValueError:
                continue
    raise LookupError(f"no text {name}")


def _replaced(tree: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    """The arguments of each `NAME.replace(old, new)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "replace":
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == name:
            old, new = map(ast.literal_eval, node.args)
            yield old, new


def _prefixes(tree: ast.AST) -> tuple[str, str]:
    """Both texts of `"gen_prefix": f"..." if one else f"..."`, with the names of what is put into them in braces."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == "gen_prefix" and isinstance(value, ast.IfExp):
                    return _template(value.body), _template(value.orelse)
    raise LookupError("no text gen_prefix")


def _template(text: Any) -> str:
    return "".join(
        str(part.value)
        if isinstance(part, ast.Constant)
        else "{" + next(node.id for node in ast.walk(part) if isinstance(node, ast.Name)) + "}"
        for part in text.values
    )
