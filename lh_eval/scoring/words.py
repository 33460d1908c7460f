"""Texts as they are compared: words, and the line that answers.

Words are compared, not characters: after Unicode's NFKC and case folding a word is a run of letters, digits and
underscores, with an apostrophe between letters, or a number with the points and thousands' commas inside it.
Everything else separates words and is ignored. So `7` is found in `(7).` and in `12,7`, a list, but neither in `17`
nor in `3.7`.
"""

import re
import unicodedata

_WORD = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)*(?![\w,])|\d+(?:\.\d+)+(?!\w)|\w+(?:['’]\w+)*")


def words(text: str) -> list[str]:
    """The text's words as they are compared; see the module's docstring."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def holds(text: str, answer: str) -> bool:
    """Whether the answer's words follow one another in the text; an answer without a word is looked for literally."""
    wanted = words(answer)
    if not wanted:
        return bool(answer.strip()) and answer.strip() in text
    found = words(text)
    return any(found[at : at + len(wanted)] == wanted for at in range(len(found) - len(wanted) + 1))


def first_line(text: str) -> str:
    """The first line that is not empty, its words a space apart."""
    return " ".join((text.strip().splitlines() or [""])[0].split())


def has_first_line(text: str) -> bool:
    """Whether the first line that is not empty has ended."""
    return "\n" in text.lstrip()


def settled(text: str) -> str:
    """What lies before the last word, which may still grow."""
    return re.sub(r"\S+\Z", "", text)
