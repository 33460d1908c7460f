from types import SimpleNamespace

import pytest
import torch

from lh_eval.modeling.kept_positions import FollowPositions, kept_positions, mark

PICKED = torch.tensor([[[5, 0, 3], [1, 2, 4]]])  # [B, G, S]


def layer():
    made = SimpleNamespace(keys=torch.randn(1, 2, 6, 4), values=torch.randn(1, 2, 6, 4))
    mark(made)
    return made


def gathered(tensor):
    return tensor.gather(2, PICKED[..., None].expand(-1, -1, -1, 4))


def test_what_is_gathered_is_told_ascending():
    kept = layer()
    with FollowPositions():
        kept.keys, kept.values = (gathered(tensor).contiguous() for tensor in (kept.keys, kept.values))
    assert kept_positions(kept, None, 6).tolist() == [[[0, 3, 5], [1, 2, 4]]]


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        (lambda x: x[:, :, 2:], [2, 3, 4, 5]),
        (lambda x: torch.cat([x[:, :, :1], x[:, :, 4:]], dim=2), [0, 4, 5]),
        (lambda x: x.index_select(2, torch.tensor([4, 1])), [1, 4]),
        (lambda x: x[:, :, 1:][:, :, torch.tensor([0, 2])], [1, 3]),
    ],
    ids=["slice", "cat", "index_select", "twice"],
)
def test_other_moves(move, expected):
    kept = layer()
    with FollowPositions():
        kept.keys, kept.values = move(kept.keys), move(kept.values)
    assert kept_positions(kept, None, 6).tolist() == [[expected] * 2]


def test_values_may_be_rewritten():
    kept = layer()
    with FollowPositions():
        kept.keys, kept.values = gathered(kept.keys), torch.zeros(1, 2, 3, 4)
    assert kept_positions(kept, None, 6).tolist() == [[[0, 3, 5], [1, 2, 4]]]


def test_what_cannot_be_followed():
    kept = layer()
    kept.keys = kept.values = torch.zeros(1, 2, 3, 4)
    assert kept_positions(kept, None, 6) is None


def test_hidden_entries_are_not_kept():
    kept = layer()
    hidden = torch.zeros(1, 2, 6, dtype=torch.bool)
    hidden[0, 0, [0, 1, 4]] = hidden[0, 1, 5] = True
    assert kept_positions(kept, hidden, 6).tolist() == [[[2, 3, 5, -1, -1], [0, 1, 2, 3, 4]]]


def test_hidden_entries_are_found_where_they_lie():
    kept = layer()
    with FollowPositions():
        kept.keys, kept.values = gathered(kept.keys), gathered(kept.values)
    hidden = torch.tensor([[[True, False, False], [False, False, True]]])  # of positions 5 and 4
    assert kept_positions(kept, hidden, 6).tolist() == [[[0, 3], [1, 2]]]
