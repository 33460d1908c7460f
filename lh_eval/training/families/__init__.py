"""Data families: each fills one training sequence, a file each.

A family draws with the generator that it is given and with nothing else, so that a sequence is a function of its seed.
"""

from lh_eval.training.families import copy, keyed, passkey, text
from lh_eval.training.families.sequence import Family

# The order decides which family a seed draws, and the columns of the loss curve: a new one goes to the end.
FAMILIES: dict[str, Family] = {
    "copy": copy.sequence,
    "passkey": passkey.sequence,
    "keyed": keyed.sequence,
    "text": text.sequence,
}
MIN_LENGTH = 128  # two keyed records, the most that it may draw, and a question
