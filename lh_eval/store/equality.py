"""Whether two tables of rows are the same results, whatever batches, order, processes and resumptions made them.

A matrix product of other rows adds in another order, so a logit moves in its last bits with the batch: by up to 6e-6 in
float32 on a CPU (`margin`, logits of about 12). Rounding cannot hide that, for it only moves the places where a last
digit flips. So the fields that are logits are compared within a tolerance, and everything else bit for bit.
"""

from typing import TYPE_CHECKING

import numpy as np

from lh_eval.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Of the machine and the batch, not of the result.
EXCLUDED = ("seconds", "peak_bytes")
# Sums of logits: the log-probabilities are kept to 4 digits, of which the last may flip.
ROUNDED = ("first_token_logprob", "answer_logprob", "margin")
TOLERANCE = 2e-4

_KEY = ["task", "length", "depth", "trial"]


def differing_fields(left: "pd.DataFrame", right: "pd.DataFrame", *, tolerance: float = TOLERANCE) -> dict[str, int]:
    """In how many rows each field differs, fields that never do left out; the rows' order does not count.

    Args:
        left: rows as `to_frame` gives them, one a key.
        right: likewise.
        tolerance: of the fields in `ROUNDED`, absolute. 2e-4 holds in float32; low precision needs more.

    Raises:
        InputError: the tables have other columns, other samples, or a sample twice.
    """
    names = [name for name in left.columns if name not in EXCLUDED]
    if set(names) != set(right.columns) - set(EXCLUDED):
        raise InputError(f"columns of both tables must be the same, got {names} and {list(right.columns)}")
    tables = [table.set_index(_KEY, drop=False).sort_index() for table in (left, right)]
    for table in tables:
        if not table.index.is_unique:
            raise InputError(f"rows must be of different samples, got {table.index[table.index.duplicated()][0]} twice")
    one, other = tables
    if not one.index.equals(other.index):
        odd = one.index.symmetric_difference(other.index)
        raise InputError(f"rows of both tables must be of the same samples, got {odd[0]} in one alone")
    found = {name: int((~_same(one[name], other[name], name, tolerance)).sum()) for name in names}
    return {name: count for name, count in found.items() if count}


def _same(left: "pd.Series", right: "pd.Series", name: str, tolerance: float) -> np.ndarray:
    missing = left.isna().to_numpy(), right.isna().to_numpy()
    if name in ROUNDED:
        same = np.abs(left.to_numpy(float, na_value=np.nan) - right.to_numpy(float, na_value=np.nan)) <= tolerance
    else:  # one by one: a cell may be a tuple
        same = np.array([one is two or one == two for one, two in zip(left.array, right.array, strict=True)], object)
        same[missing[0] | missing[1]] = False
    return np.asarray(same.astype(bool) | (missing[0] & missing[1]))
