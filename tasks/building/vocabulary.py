"""What keys, values, people and list items are drawn from: the same lists on every machine."""

import functools
import re
import uuid
from typing import TYPE_CHECKING, Literal

import numpy as np

from lh_eval.corpora.texts import load_text
from lh_eval.tasks.building.pools import Pool, pool_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TextKind = Literal["word", "number", "uuid", "list"]

_ADJECTIVES = """
amber ancient autumn basic bitter bold brave brisk broad calm clever coastal copper cosmic crimson curly dapper dusty
eager early elastic faint fancy flat formal frosty gentle giant golden grand hasty hollow humble icy idle ivory jolly
keen lively lunar mellow misty modern narrow noble oval patient placid polite proud quiet rapid rustic scarlet sleepy
solid sturdy sunny swift tidy velvet
"""
_NOUNS = """
anchor antler apple apron atlas badge bakery balcony banjo barrel basket beacon beetle bicycle biscuit blanket bonnet
bottle bracelet bridge bucket cabinet cactus camera candle canyon carpet castle cello chapel chimney circus clarinet
closet cobbler comet compass cottage cradle cricket cushion dagger desert diamond dolphin donkey drawer easel elbow
engine falcon fiddle fountain garden garlic gazelle ginger glacier goblet guitar hammer hammock harbor harvest helmet
hermit hinge island jacket jigsaw jungle kettle kitten ladder lagoon lantern lemon library lizard locket magnet mango
marble meadow mirror mitten monkey muffin needle nutmeg orchard otter oyster paddle parrot pebble pencil pepper piano
pigeon pillow planet pocket puddle puppet quarry rabbit raft ribbon rocket saddle satchel scooter shovel sparrow
spoon stable summit teapot temple thimble ticket tunnel turnip umbrella violin walnut whistle window zipper
"""
# no name is a word of the shipped novel: a test holds it to that
_PEOPLE = """
Anneke Bjorn Chidi Dmitri Emeka Hiroshi Ilona Kofi Leila Mateo Paloma Priya Rafael Saskia Sigrid Tamsin Tariq Viktor
Wanda Yannick Yusra Zuzana
"""
PEOPLE = tuple(_PEOPLE.split())
_NUMBERS = 16_384
_UUIDS = 8_192


@functools.cache
def vocabulary(kind: TextKind) -> list[str]:
    """All texts of a kind, distinct.

    word: two words, such as `amber-anchor`; number: seven digits; uuid: 32 hexadecimal digits in five groups;
    list: words of the shipped novel, four to ten small letters each.
    """
    rng = np.random.default_rng(0)
    match kind:
        case "word":
            return [f"{adjective}-{noun}" for adjective in _ADJECTIVES.split() for noun in _NOUNS.split()]
        case "number":
            return [str(1_000_000 + number) for number in rng.choice(9_000_000, size=_NUMBERS, replace=False)]
        case "uuid":
            return [str(uuid.UUID(bytes=rng.bytes(16), version=4)) for _ in range(_UUIDS)]
        case "list":
            return sorted(set(re.findall(r"\b[a-z]{4,10}\b", load_text("moby_dick").whole)))


def vocabulary_pool(tokenizer: "PreTrainedTokenizerBase", kind: TextKind) -> Pool:
    """The texts of a kind as tokens, each with the space before it."""
    return pool_of(tokenizer, f"the vocabulary {kind!r}", lambda: [f" {text}" for text in vocabulary(kind)])


def draw_texts(rng: np.random.Generator, kind: TextKind, count: int) -> list[str]:
    """Draw distinct texts of a kind."""
    texts = vocabulary(kind)
    return [texts[pick] for pick in rng.choice(len(texts), size=count, replace=False)]
