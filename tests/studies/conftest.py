from functools import partial

import pytest
from tiny_grid import write_grid

from lh_eval.statistics import bootstrap_mean

# hits of three in each cell of a recipe, by seed
HITS = {
    "dense": (2, 2),
    "norm-k256": (1, 1),
    "norm-k384": (2, 1),
    "qk-k256": (2, 1),
    "qk-k384": (3, 3),
    "norm-k256-l5": (0, 1),
    "qk-k256-l5": (1, 1),
}


@pytest.fixture(scope="session")
def tiny_grid(tmp_path_factory):
    """Both tasks alike; L = 5 was trained with one seed."""
    path = tmp_path_factory.mktemp("grid")

    def right(recipe, seed, task, length, depth):
        return HITS[recipe][seed] / 3

    few = [recipe for recipe in HITS if recipe.endswith("l5")]
    write_grid(path, right, recipes=[recipe for recipe in HITS if recipe not in few])
    return write_grid(path, right, recipes=few, seeds=[0])


@pytest.fixture(scope="module")
def few_resamples():
    """Bootstraps are drawn a hundred times."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lh_eval.analysis.compare_samples.bootstrap_mean", partial(bootstrap_mean, resamples=100))
        yield
