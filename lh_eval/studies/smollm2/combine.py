"""Tables of what was found under each way of combining, and under halves of Lighthouse and other methods."""

from collections.abc import Sequence

import pandas as pd

from lh_eval.publish.tabular import NOTHING
from lh_eval.store.sweep import DENSE
from lh_eval.studies.smollm2.grid import each_interval
from lh_eval.studies.smollm2.settings import ALL, COMBINES, HALF, LOCAL, OTHERS, ROPES, Settings, half, lighthouse
from lh_eval.studies.tables import Shown, block, nats, rate


def combine_block(settings: Settings) -> str:
    """Hits and mean log-probability of each way of combining."""
    labels = [DENSE, *(lighthouse(k, how, rope) for k in (ALL, HALF) for rope in ROPES for how in COMBINES)]
    return _settings_block(settings, labels)


def halves_block(settings: Settings) -> str:
    """The same of Lighthouse's halves and of methods that keep every query, with what they keep of the needle."""
    halves = [half(keeps, rope) for keeps in ("keys", "queries") for rope in ROPES]
    near = [half("queries", "before", local) for local in LOCAL]
    labels = [DENSE, *halves, *near, *(lighthouse(HALF, "finest", rope) for rope in ROPES), *OTHERS]
    return _settings_block(settings, labels, recall=True)


def _settings_block(settings: Settings, labels: Sequence[str], *, recall: bool = False) -> str:
    """A row a setting; of each reading the hits, by depth too with `recall`, and the mean log-probability."""
    columns = {"": list(labels)}
    outcomes = []
    for reading, runs in settings.items():
        rows = []
        for label in labels:
            if label not in runs:
                rows.append((NOTHING, NOTHING, NOTHING))
                continue
            frame = runs[label].frame
            hits = (frame["score"] > 0).groupby(frame["depth"]).sum().tolist()
            outcomes.append((sum(hits), len(frame)))
            found = f"{sum(hits)}/{len(frame)}" + (f" ({', '.join(map(str, hits))})" if recall else "")
            rows.append((found, nats(frame["answer_logprob"].mean()), rate(frame["selection_recall"].mean())))
        for name, texts in zip(("found", "log-probability", "recall"), zip(*rows, strict=True), strict=True):
            columns[f"{reading}: {name}"] = list(texts)
    shown = pd.DataFrame({name: column for name, column in columns.items() if recall or not name.endswith("recall")})
    depths = "In brackets the hits at depths 0, 50 and 100 %. " if recall else ""
    intervals = each_interval(pd.DataFrame(outcomes, columns=["hits", "n"]))
    return block(
        Shown(shown, f"{depths}Log-probability of the answer in nats, mean over prompts. {intervals}"), words=1
    )
