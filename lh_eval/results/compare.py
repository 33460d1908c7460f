"""Two settings on the same samples: how much better is one, and is it more than chance?"""

from typing import TYPE_CHECKING, Any

from lh_eval.errors import InputError
from lh_eval.statistics import mcnemar_exact

if TYPE_CHECKING:
    import pandas as pd

_KEY = ["task", "length", "depth", "trial"]


def difference(frame: "pd.DataFrame", baseline: "pd.DataFrame") -> dict[str, Any] | None:
    """Compare two runs sample by sample; None where they have no sample in common.

    Args:
        frame: rows of one setting.
        baseline: rows of the setting that it is compared with, usually dense.

    Returns:
        `mean` over cells of the difference of rates, `pairs` samples that both have, `gained` of them that only
        `frame` got right, `lost` that only `baseline` did, and McNemar's exact `p_value`.

    Raises:
        InputError: the two asked different questions under the same key.
    """
    left, right = (side[side["error"].isna()][[*_KEY, "prompt_sha256", "score"]] for side in (frame, baseline))
    pairs = left.merge(right, on=_KEY, suffixes=("", "_baseline"), validate="one_to_one")
    if pairs.empty:
        return None
    unequal = pairs[pairs["prompt_sha256"] != pairs["prompt_sha256_baseline"]]
    if len(unequal):
        sample = ", ".join(f"{name} {unequal.iloc[0][name]}" for name in _KEY)
        raise InputError(
            f"compared runs must have the same prompts, got different ones for {sample}; "
            "use one tokenizer, task and seed for all"
        )
    change = pairs["score"] - pairs["score_baseline"]
    gained, lost = int((change > 0).sum()), int((change < 0).sum())
    return {
        "mean": float(change.groupby([pairs["length"], pairs["depth"]]).mean().mean()),
        "pairs": len(pairs),
        "gained": gained,
        "lost": lost,
        "p_value": mcnemar_exact(gained, lost),
    }
