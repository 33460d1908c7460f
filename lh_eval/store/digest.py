"""The chain of digests over a run's rows: what was edited, dropped, doubled or moved does not follow what is before it.

A line of samples.jsonl ends with `"digest"`: the SHA-256 of the digest before it, as hexadecimal text, and of the
line's own JSON without that field, as it was written. Before the first row stands the digest of config.json. No secret
is in it: it finds accidents and careless edits, not a forger who computes the chain anew.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

PROVENANCE = "provenance"
DIGESTS = "row_digests"  # under it: every row has a digest, so that one without is no row of before there were any
_FIELD = re.compile(rb', "digest": "([0-9a-f]{64})"\}\s*$')


class Link(NamedTuple):
    """A line of samples.jsonl as the chain sees it.

    body: the row's JSON, without digest and line break.
    digest: what the line says; None in rows of before there were digests.
    """

    body: bytes
    digest: str | None


def config_digest(config: Mapping[str, Any]) -> str:
    """The digest that a chain begins with: of the values, however they are laid out in the file."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def next_digest(previous: str, body: bytes) -> str:
    """The digest of a row's JSON after the digest before it."""
    return hashlib.sha256(previous.encode() + body).hexdigest()


def with_digest(body: bytes, digest: str) -> bytes:
    """The row's JSON with its digest as the last field."""
    return body[:-1] + b', "digest": "' + digest.encode() + b'"}'


def split_digest(line: bytes) -> Link:
    """A line's JSON without its digest, and the digest."""
    found = _FIELD.search(line)
    if found is None:
        return Link(line.rstrip(b"\n"), None)
    return Link(line[: found.start()] + b"}", found[1].decode())


def last_digest(config: Mapping[str, Any], links: list[Link]) -> str:
    """The digest that the next row follows; rows of before there were digests count, so that it holds them too."""
    digest = config_digest(config)
    for link in links:
        digest = next_digest(digest, link.body)
    return digest
