"""From the options of `lh-eval niah` and `lh-eval run` to what `choose_settings` combines."""

from collections.abc import Sequence
from typing import Any

from lh_eval.cli.options import parse_ints, parse_layers, parse_names


def swept_options(
    *,
    scorer: str | None,
    dense_layers: Sequence[str] | None,
    num_levels: str | None,
    rope: str | None,
    combine: str | None,
    k: str | None,
    **others: Any,
) -> dict[str, list[Any]]:
    """Lighthouse's options that were given, with the values of each, in the order that settings run in.

    Args:
        scorer: scorers with their options.
        dense_layers: a list of layers for each time that the option was given.
        num_levels: numbers of levels.
        rope: "before", "after" or both.
        combine: ways of combining levels.
        k: budgets.
        others: options of one value; None is not given.

    Raises:
        InputError: a value cannot be read.
    """
    options: dict[str, list[Any]] = {}
    if scorer is not None:
        options["scorer"] = parse_names(scorer)
    if dense_layers:
        options["dense_layers"] = [tuple(parse_layers(layers)) for layers in dense_layers]
    if num_levels is not None:
        options["num_levels"] = parse_ints(num_levels, "num_levels")
    for name, value in (("rope", rope), ("combine", combine)):
        if value is not None:
            options[name] = parse_names(value, name)
    options |= {name: [value] for name, value in others.items() if value is not None}
    if k is not None:
        options["k"] = parse_ints(k, "k")
    return options
