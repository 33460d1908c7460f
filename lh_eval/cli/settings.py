"""From the options of `lh-eval niah` and `lh-eval run` to the settings that are run; imports torch."""

from collections.abc import Mapping

from lh_eval.attention.config import LighthouseConfig
from lh_eval.checkpoints.loading import Checkpoint
from lh_eval.errors import InputError
from lh_eval.runs.setting import Setting


def chosen_settings(
    checkpoint: Checkpoint,
    attention: str | None,
    budgets: list[int] | None,
    scorers: list[str] | None,
    layers: list[int] | None,
    overrides: Mapping[str, object],
) -> list[Setting]:
    """The settings to run: dense alone, dense beside each (scorer, k), or those without dense.

    Args:
        checkpoint: what runs; its lighthouse.json has what is not given.
        attention: "dense", "lighthouse", or None for both where a setting of Lighthouse's is given.
        budgets: values of k.
        scorers: scorer specs.
        layers: layers that stay dense.
        overrides: other fields of the config.

    Raises:
        InputError: they contradict one another.
    """
    if attention == "dense" and (budgets or scorers or overrides or layers is not None):
        raise InputError("attention must be lighthouse where its settings are given, got dense; leave one of them out")
    lighthouse = attention == "lighthouse" or bool(budgets or scorers or overrides) or layers is not None
    if not lighthouse:
        return [Setting()]
    base = checkpoint.defaults.config
    if layers is None:
        layers = list(checkpoint.defaults.dense_layers)
    settings = [] if attention == "lighthouse" else [Setting()]
    for name in scorers or [base.scorer]:
        for budget in budgets or [base.k]:
            values = {**base.to_dict(), **overrides, "scorer": name, "k": budget}
            settings.append(Setting(config=LighthouseConfig.from_dict(values), dense_layers=tuple(layers)))
    return settings
