"""Intervals and tests for retrieval rates. Knows counts and scores, but neither runs nor figures."""

from lh_eval.statistics.clusters import bootstrap_mean
from lh_eval.statistics.correlation import Correlation, rank_correlation
from lh_eval.statistics.flips import sign_flip, standard_error
from lh_eval.statistics.paired import holm, mcnemar_exact, paired_difference
from lh_eval.statistics.rates import Interval, MeanRate, mean_of_rates, wilson
from lh_eval.statistics.separation import Separation, separation
from lh_eval.statistics.trainings import TrainingDifference, compare_trainings

__all__ = [
    "Correlation",
    "Interval",
    "MeanRate",
    "Separation",
    "TrainingDifference",
    "bootstrap_mean",
    "compare_trainings",
    "holm",
    "mcnemar_exact",
    "mean_of_rates",
    "paired_difference",
    "rank_correlation",
    "separation",
    "sign_flip",
    "standard_error",
    "wilson",
]
