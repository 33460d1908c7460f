import torch

from lh_eval.engine.recall import SelectionRecall


def shares(recall):
    return [None if held is None else held.share for held in recall.of_samples()]


def test_heads_that_hold_the_whole_needle():
    recall = SelectionRecall([[(2, 4)], [(5, 6)]], [0, 1])
    recall(1, torch.tensor([[[1, 2, 3, 9], [2, 5, 6, 7]], [[5, 6, 7, 8], [4, 6, 7, 8]]]))
    assert shares(recall) == [0.5, 0.5]


def test_every_needle_must_be_held():
    recall = SelectionRecall([[(2, 4), (6, 7)], [(2, 4)]], [0, 1])
    heads = [[2, 3, 6], [2, 3, 7], [3, 6, 7], [1, 2, 6]]
    recall(0, torch.tensor([heads, heads]))
    assert shares(recall) == [0.25, 0.5]


def test_samples_of_one_context_have_recalls_of_their_own():
    recall = SelectionRecall([[(0, 1)], [(9, 10)], [(0, 1)]], [0, 0, 1])
    recall(0, torch.tensor([[[0, 1], [0, 2]], [[3, 4], [0, 5]]]))
    assert shares(recall) == [1.0, 0.0, 0.5]


def test_no_needle_has_no_recall():
    recall = SelectionRecall([[(4, 4)], [(0, 1)]], [0, 0])
    recall(0, torch.tensor([[[0, 1]]]))
    assert shares(recall) == [None, 1.0]
    assert SelectionRecall([[(0, 1)]], [0]).of_samples() == [None]


def test_the_heads_that_dropped_a_needle_are_named_by_layer():
    recall = SelectionRecall([[(2, 4)], [(5, 6)]], [0, 1])
    recall(3, torch.tensor([[[1, 9], [2, 3]], [[5, 6], [4, 6]]]))
    recall(1, torch.tensor([[[1, 9], [2, 9]], [[5, 6], [4, 5]]]))
    assert [held.dropped for held in recall.of_samples()] == [((1, (0, 1)), (3, (0,))), ((3, (1,)),)]
