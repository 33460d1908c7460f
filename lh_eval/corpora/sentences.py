"""Where sentences begin: a rule of a few lines, so that nothing is downloaded and every machine cuts alike."""

import re

_END = re.compile(r"[.!?]+[\"'”’)\]]*\s+(?=[\"'“‘(\[—]*[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Messrs|Dr|Prof|Rev|Hon|St|Capt|Col|Gen|Lieut|Vol|Jr|Sr|vs|etc|viz)|\b[A-Z])\.$"
)


def split_sentences(text: str) -> list[str]:
    """Cut text into sentences; joined again they are the text with its white space made plain.

    A sentence ends at `.`, `!` or `?`, with closing quotes and brackets after it, where white space and a capital
    letter or a digit follow, opening quotes between them aside; not after a title or other common abbreviation, nor
    after a single capital (an initial). An empty line ends a paragraph and with it a sentence. Other white space
    becomes one space, which goes to the sentence that it precedes, as tokenizers have it; so does the empty line
    between paragraphs: whatever is put between two sentences is parted from the next by white space.
    """
    sentences = []
    for paragraph in re.split(r"\n\s*\n", text):
        plain = " ".join(paragraph.split())
        if not plain:
            continue
        cuts = [0]
        for match in _END.finditer(plain):
            if not _ABBREVIATION.search(plain, cuts[-1], match.start() + 1):
                cuts.append(match.end() - 1)
        parts = [plain[start:end] for start, end in zip(cuts, [*cuts[1:], len(plain)], strict=True)]
        sentences += ["\n\n" + parts[0], *parts[1:]]
    return sentences
