"""Inputs made of others: bytes changed, JSON values and TOML lines replaced by what readers stumble over."""

import json
import random
from typing import Any

VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 2, 3.5, -0.0, 0.1, 1e308, -1e308, 5e-324, 2**31, 2**63, 2**64, 2**70, 10**25, -(2**63),
    float("nan"), float("inf"), float("-inf"), "", " ", "\n", "\0", "\ud800", "a" * 2000, "../..", "/", "dense",
    "4k", "NaN", "1", "=1+1", "<|endoftext|>", "passkey", "lighthouse:k=0", [], {}, [[]], [None], [0], ["4k", 8192],
    {"": None}, {"name": "x"}, [{"name": 1}], [1e308, 1e308], list(range(40)),
]  # fmt: skip
TOKENS = [
    b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"[" * 3000, b'{"a":' * 3000, b"9" * 5000,
    b"1e999", b"-", b'"', b"{}", b"[]", b"null", b"NaN", b"=", b",", b":", b"#", b"\\u0000", b"\\ud800",
    "\N{LINE SEPARATOR}".encode(), b"extends = ", b"[[task]]\n", b"[model]\n", b"k=2", b"none", b"0/1/-1", b"[", b"]",
]  # fmt: skip


def mutate(data: bytes, form: str, rng: random.Random) -> bytes:
    """One to four changes.

    Args:
        data: what is changed.
        form: "json", "jsonl", "toml" or "bytes": which changes beside those of bytes make sense.
        rng: what draws them.
    """
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        change = {"json": _json, "jsonl": _jsonl, "toml": _toml}.get(form, _bytes)
        data = change(data, rng) if rng.random() < 0.75 else _bytes(data, rng)
    return data


def _bytes(data: bytes, rng: random.Random) -> bytes:
    start, end = sorted(rng.randint(0, len(data)) for _ in range(2))
    end = min(end, start + rng.choice((0, 1, 4, 64, 4096)))
    put = rng.choice((b"", rng.randbytes(1), rng.choice(TOKENS), data[start:end] * 2))
    return data[:start] + put + data[end:]


def _json(data: bytes, rng: random.Random) -> bytes:
    try:
        values = json.loads(data)
    except (ValueError, RecursionError):
        return _bytes(data, rng)
    return json.dumps(_changed(values, rng)).encode()


def _jsonl(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    if not lines or rng.random() < 0.2:
        return _lines(data, rng)
    place = rng.randrange(len(lines))
    lines[place] = _json(lines[place], rng) + b"\n"
    return b"".join(lines)


def _toml(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if b"=" in line]
    if not places or rng.random() < 0.2:
        return _lines(data, rng)
    place = rng.choice(places)
    key = lines[place].partition(b"=")[0]
    # TOML's numbers and texts are JSON's but for these three
    value = json.dumps(rng.choice(VALUES)).replace("Infinity", "inf").replace("NaN", "nan").replace("null", '"null"')
    lines[place] = key + b"= " + value.encode() + b"\n"
    return b"".join(lines)


def _lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    kept = lines.pop(rng.randrange(len(lines)))
    for _ in range(rng.choice((0, 1, 2))):
        lines.insert(rng.randint(0, len(lines)), kept)
    return b"".join(lines)


def _changed(values: Any, rng: random.Random) -> Any:
    """Somewhere in a JSON value, another value, another name, or nothing."""
    if not isinstance(values, dict | list) or not values or rng.random() < 0.15:
        return rng.choice(VALUES)
    if isinstance(values, list):
        copy = list(values)
        place = rng.randrange(len(copy))
        if rng.random() < 0.15:
            copy.insert(place, copy[place])
        else:
            copy[place] = _changed(copy[place], rng)
        return copy
    name = rng.choice(list(values))
    kind = rng.random()
    if kind < 0.1:
        return {key: value for key, value in values.items() if key != name}
    if kind < 0.2:
        return values | {rng.choice(("", "x", "name", "lengths", "\ud800", name + " ")): rng.choice(VALUES)}
    return values | {name: _changed(values[name], rng)}
