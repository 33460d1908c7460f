import torch

from lh_eval.evaluation.recall import SelectionRecall


def test_heads_that_hold_the_whole_needle():
    recall = SelectionRecall([[(2, 4)], [(5, 6)]], [0, 1])
    recall(1, torch.tensor([[[1, 2, 3, 9], [2, 5, 6, 7]], [[5, 6, 7, 8], [4, 6, 7, 8]]]))
    assert recall.of_samples() == [0.5, 0.5]


def test_every_needle_must_be_held():
    recall = SelectionRecall([[(2, 4), (6, 7)], [(2, 4)]], [0, 1])
    heads = [[2, 3, 6], [2, 3, 7], [3, 6, 7], [1, 2, 6]]
    recall(0, torch.tensor([heads, heads]))
    assert recall.of_samples() == [0.25, 0.5]


def test_samples_of_one_context_have_recalls_of_their_own():
    recall = SelectionRecall([[(0, 1)], [(9, 10)], [(0, 1)]], [0, 0, 1])
    recall(0, torch.tensor([[[0, 1], [0, 2]], [[3, 4], [0, 5]]]))
    assert recall.of_samples() == [1.0, 0.0, 0.5]


def test_no_needle_has_no_recall():
    recall = SelectionRecall([[(4, 4)], [(0, 1)]], [0, 0])
    recall(0, torch.tensor([[[0, 1]]]))
    assert recall.of_samples() == [None, 1.0]
    assert SelectionRecall([[(0, 1)]], [0]).of_samples() == [None]
