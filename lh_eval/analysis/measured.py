"""Measurements of `lh-eval bench` to compare: the newest of one kind, beside dense attention and beside the floor."""

from typing import TYPE_CHECKING

from lh_eval.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

DENSE, FLOOR = "sdpa", "sdpa-on-S"
_MACHINE = ["gpu", "batch", "heads", "kv_heads", "head_dim", "dtype"]
_OF_LIGHTHOUSE = ["levels", "pooling", "selection", "tile_k", "scorer", "rope", "combine"]
_KEY = ["mode", "N"]


def scorers_of(frame: "pd.DataFrame") -> list[str]:
    """The scorers that were measured on the card and shape of the last row."""
    return sorted(_on_last_machine(frame)["scorer"].dropna().unique())


def newest(frame: "pd.DataFrame", scorer: str | None = None) -> "pd.DataFrame":
    """Of measurements on many cards, shapes, settings and commits, what belongs in one figure.

    Those that have the card and shape of the last, and the pyramid, selection, scorer, rope and combination of the
    last that has one; and of each measurement the last one. Dense attention has none of these, and attention on the
    gathered length neither scorer, rope nor combination.

    Args:
        frame: as `lh_eval.store.measurements` reads it.
        scorer: canonical spec of whose measurements; the last one's if None.

    Raises:
        InputError: that scorer was not measured on that card and shape.
    """
    rows = _on_last_machine(frame)
    if scorer is not None:
        if scorer not in (known := scorers_of(frame)):
            listed = ", ".join(known) or "none"
            raise InputError(f"scorer must be one that was measured there, {listed}, got {scorer!r}")
        rows = rows[rows["scorer"].isna() | (rows["scorer"] == scorer)]
    for column in _OF_LIGHTHOUSE:
        given = rows[column].dropna()
        if not given.empty:
            rows = rows.drop(index=given.index[given != given.iloc[-1]])
    return rows.drop_duplicates(["provider", "mode", "N", "k"], keep="last").reset_index(drop=True)


def with_ratios(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Add `speedup`, dense attention's time over the row's, `over_floor`, the row's over sdpa-on-S's, and `extra_gb`.

    Args:
        frame: rows of one card, shape and setting, none twice; see `newest`.

    Returns:
        The rows by N, mode and k; a ratio is missing where what it compares with is.
    """
    dense = frame[frame["provider"] == DENSE][[*_KEY, "ms"]].rename(columns={"ms": "dense"})
    floor = frame[frame["provider"] == FLOOR][[*_KEY, "k", "ms"]].rename(columns={"ms": "floor"})
    joined = frame.merge(dense, how="left", on=_KEY).merge(floor, how="left", on=[*_KEY, "k"])
    joined["speedup"] = joined["dense"] / joined["ms"]
    joined["over_floor"] = joined["ms"] / joined["floor"]
    joined["extra_gb"] = joined["extra_bytes"].astype(float) / 1e9
    order = ["N", "mode", "k", "provider"]
    return joined.sort_values(order, na_position="first", ignore_index=True).drop(columns=["dense", "floor"])


def shape_of(frame: "pd.DataFrame") -> str:
    """Card and shape of rows that `newest` made: `cpu (2 threads), float32, B=1, H=4, D=64, L=3, p=4`."""
    last = frame.iloc[-1]
    parts = [last["gpu"], last["dtype"], f"B={last['batch']}", f"H={last['heads']}"]
    parts += [f"G={last['kv_heads']}"] if last["kv_heads"] != last["heads"] else []
    parts += [f"D={last['head_dim']}"]
    pyramids = frame[frame["levels"].notna()]
    if not pyramids.empty:
        parts += [f"L={pyramids['levels'].iloc[-1]}", f"p={pyramids['pooling'].iloc[-1]}"]
    return ", ".join(parts)


def setting_of(frame: "pd.DataFrame") -> str:
    """`shape_of`, and how entries are scored and selected where it is not the default."""
    parts = [shape_of(frame)]
    for column, default, form in (
        ("selection", "chunked", "{} selection"),
        ("tile_k", 128, "tile_k={}"),
        ("scorer", "norm", "{}"),
        ("rope", "before", "rope={}"),
        ("combine", "sum", "combine={}"),
    ):
        given = frame[column].dropna()
        if not given.empty and given.iloc[-1] != default:
            parts.append(form.format(given.iloc[-1]))
    return ", ".join(parts)


def versions_of(frame: "pd.DataFrame") -> str:
    """What the rows ran: `torch 2.13.0, triton 3.7.1, commit 1a2b3c4`."""
    columns = ("torch", "triton", "commit")
    return ", ".join(f"{name} {value}" for name in columns for value in frame[name].unique() if value)


def _on_last_machine(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame[(frame[_MACHINE] == frame.iloc[-1][_MACHINE]).all(axis=1)]
