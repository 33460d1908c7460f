import pytest
import torch

from lh_eval import LighthouseConfig, select_entries
from lh_eval.engine.recall import SelectionRecall
from lh_eval.methods.lighthouse import Lighthouse
from lh_eval.methods.pyramid import Pyramid
from lh_eval.modeling.spans import Spans


def watch(needles, rows):
    return SelectionRecall([Spans(needle=tuple(spans)) for spans in needles], rows)


def shares(recall):
    return [None if held is None else held.share for held in recall.of_samples()]


def test_heads_that_hold_the_whole_needle():
    recall = watch([[(2, 4)], [(5, 6)]], [0, 1])
    recall(1, torch.tensor([[[1, 2, 3, 9], [2, 5, 6, 7]], [[5, 6, 7, 8], [4, 6, 7, 8]]]))
    assert shares(recall) == [0.5, 0.5]


def test_every_needle_must_be_held():
    recall = watch([[(2, 4), (6, 7)], [(2, 4)]], [0, 1])
    heads = [[2, 3, 6], [2, 3, 7], [3, 6, 7], [1, 2, 6]]
    recall(0, torch.tensor([heads, heads]))
    assert shares(recall) == [0.25, 0.5]


def test_samples_of_one_context_have_recalls_of_their_own():
    recall = watch([[(0, 1)], [(9, 10)], [(0, 1)]], [0, 0, 1])
    recall(0, torch.tensor([[[0, 1], [0, 2]], [[3, 4], [0, 5]]]))
    assert shares(recall) == [1.0, 0.0, 0.5]


def test_no_needle_has_no_recall():
    recall = watch([[], [(0, 1)]], [0, 0])
    recall(0, torch.tensor([[[0, 1]]]))
    assert shares(recall) == [None, 1.0]
    assert watch([[(0, 1)]], [0]).of_samples() == [None]


def test_the_heads_that_dropped_a_needle_are_named_by_layer():
    recall = watch([[(2, 4)], [(5, 6)]], [0, 1])
    recall(3, torch.tensor([[[1, 9], [2, 3]], [[5, 6], [4, 6]]]))
    recall(1, torch.tensor([[[1, 9], [2, 9]], [[5, 6], [4, 5]]]))
    assert [held.dropped for held in recall.of_samples()] == [((1, (0, 1)), (3, (0,))), ((3, (1,)),)]


def test_question_and_last_token_have_recalls_of_their_own():
    spans = Spans(needle=((1, 2),), question=((4, 7),), last=((6, 7),))
    recall = SelectionRecall([spans, spans.of_context()], [0, 1])
    heads = [[4, 5, 6], [1, 4, 6], [1, 4, 5], [0, 1, 2]]
    recall(0, torch.tensor([heads, heads]))
    first, second = recall.of_samples()
    assert (first.share, first.question, first.last) == (0.75, 0.25, 0.5)
    assert (second.share, second.question, second.last) == (0.75, None, None)
    assert second.question_levels is None
    assert first.question_levels == (pytest.approx(7 / 12),)


@pytest.mark.parametrize("cover_prefix", [False, True])
def test_tokens_are_held_at_the_level_of_their_finest_entry(cover_prefix):
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 2, 201, 8)
    lighthouse = LighthouseConfig(k=8, tile_k=4, cover_prefix=cover_prefix)
    method = Lighthouse(**lighthouse.to_dict())
    kept = select_entries(q, k, v, lighthouse)
    spans = [Spans(((3, 9), (50, 60)), ((55, 56),), ((180, 201),), ((200, 201),)), Spans(((0, 120),))]
    recall = SelectionRecall(spans, [0, 1], method.pyramid(201))
    recall(3, kept)
    recall(5, kept.flip(0))
    layout = lighthouse.layout(201)

    def finest(row, head, token):
        entries = set(kept[row, head].tolist())
        return next((at for at, start in enumerate(layout.offsets) if start + token // 4**at in entries), None)

    for sample, of_sample in enumerate(recall.of_samples()):
        shares_of = (of_sample.needle_levels, of_sample.answer_levels, of_sample.question_levels)
        found = zip(spans[sample][:3], shares_of, strict=True)
        for looked_for, shares in found:
            tokens = [token for start, stop in looked_for for token in range(start, stop)]
            if not tokens:
                assert shares is None
                continue
            levels = [finest(row, head, token) for row in (0, 1) for head in (0, 1) for token in tokens]
            assert shares == pytest.approx([levels.count(level) / len(levels) for level in range(3)])


def test_what_is_neither_token_nor_entry_is_skipped():
    recall = SelectionRecall([Spans(needle=((0, 1),))], [0], Pyramid(4, (0, 16)))
    recall(0, torch.tensor([[[-1, 99, 16], [-1, 0, 99]]], dtype=torch.int32))
    (found,) = recall.of_samples()
    assert (found.share, found.needle_levels) == (0.5, (0.5, 0.5))
