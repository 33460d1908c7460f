"""Settings and readings in lm-eval: those of `lh_eval.evaluate`, to the sample and to the likelihood."""

import contextlib
import dataclasses

import pytest
import torch
from lm_eval_runs import LIGHTHOUSE, TEXT, generate, make, ours, plainly, requests, run, scores

from lh_eval.methods.base import METHODS, Method
from lh_eval.methods.dense import Dense
from lh_eval.modeling.session import Session

LIGHTHOUSE_SPEC = "lighthouse:" + ",".join(f"{name}={value}" for name, value in LIGHTHOUSE.items())


def prefilled(monkeypatch):
    """The lengths of what is prefilled from now on, and whether a method's attention was on."""
    found, prefill = [], Session.prefill

    def spy(self, ids, before=None, **options):
        found.append((ids.shape[1], self.attention is not None))
        return prefill(self, ids, before, **options)

    monkeypatch.setattr(Session, "prefill", spy)
    return found


def clustered(samples):
    """The error of the mean where the depths of each of two trials go together, at each of two lengths."""
    sums = {}
    for (length, _, trial), sample in samples.items():
        sums.setdefault(length, {}).setdefault(trial, []).append(sample["acc"])
    return sum((sum(a) - sum(b)) ** 2 for a, b in (own.values() for own in sums.values())) ** 0.5 / len(samples)


@pytest.mark.parametrize(
    ("attention", "reading"),
    [
        (LIGHTHOUSE_SPEC, "prompt"),
        (LIGHTHOUSE_SPEC, "context"),
        pytest.param("window:tokens=64", "prompt", marks=pytest.mark.long),
        ("window:tokens=64", "context"),
        pytest.param("block:size=16,top=2", "prompt", marks=pytest.mark.long),
    ],
)
def test_rates_and_likelihoods_agree_to_the_sample(attention, reading, checkpoint):
    results, samples = run(make(attention=attention, reading=reading, batch_size=4), "lh_passkey")
    rows = ours(checkpoint, attention, "passkey", reading=reading)
    assert scores(samples) == {place: row.score for place, row in rows.items()}
    for place, sample in samples.items():
        total, _ = sample["filtered_resps"][sample["doc"]["gold"]]
        assert total == pytest.approx(rows[place].first_token_logprob, abs=2e-3)
    rate = results["acc,none"]
    if reading == "prompt" or attention == LIGHTHOUSE_SPEC:
        assert 0 < rate < 1  # else agreement says little
    assert results["acc_stderr,none"] == pytest.approx((rate * (1 - rate) / 7) ** 0.5)
    assert results["acc_stderr_clustered,none"] == pytest.approx(clustered(samples))
    assert (results["acc_at_300,none"] + results["acc_at_400,none"]) / 2 == pytest.approx(rate)
    assert -1 not in results.values()


@pytest.mark.parametrize("reading", ["prompt", "context"])
@pytest.mark.parametrize("attention", [LIGHTHOUSE_SPEC, pytest.param("window:tokens=64", marks=pytest.mark.long)])
def test_generated_answers_are_those_of_evaluate(attention, reading, checkpoint):
    _, samples = run(make(attention=attention, reading=reading), "lh_niah_single_1", limit=4)
    rows = ours(checkpoint, attention, "niah_single_1", reading=reading)
    for place, sample in samples.items():
        (said,) = sample["filtered_resps"]
        assert said == rows[place].prediction  # which ends where no continuation changes the score
        assert sample["acc"] == rows[place].score


def by_hand(model, context, continuation):
    """The prompt as a whole under Lighthouse, then densely, a token at a time."""
    ids, wanted = model.tok_encode(context), model.tok_encode(continuation)
    with model.setting.method.attach(model.model) as reader, torch.inference_mode():
        filled = reader.prefill(torch.tensor([ids]), logits=True)
        likely = [filled.logits[0].log_softmax(-1)]
        for number, token in enumerate(wanted[:-1]):
            logits = model.model(
                input_ids=torch.tensor([[token]]),
                past_key_values=filled.cache,
                position_ids=torch.tensor([[len(ids) + number]]),
            ).logits
            likely.append(logits[0, -1].log_softmax(-1))
    total = sum(row[token].item() for row, token in zip(likely, wanted, strict=True))
    return total, [row.argmax().item() for row in likely] == wanted


@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_continuation_goes_on_densely_from_a_prompt_read_as_a_whole(batch_size, monkeypatch):
    model = make(attention=LIGHTHOUSE_SPEC, batch_size=batch_size)
    first = model.tokenizer.decode([by_hand_first(model, TEXT * 3)])
    pairs = [(TEXT * 3, first), (TEXT * 3, ", it was"), (TEXT * 3, "."), (TEXT * 3, ". It"), (TEXT, " of"), ("x", "y")]
    pairs += [((TEXT * 3).upper(), ", it was"), (TEXT * 3, ", it"), ("", "nothing before")]
    found = prefilled(monkeypatch)
    said = model.loglikelihood(requests(pairs), disable_tqdm=True)
    assert {length for length, _ in found} == {3 * len(TEXT), len(TEXT), 1}  # prompts alone: no answer among them
    assert all(under for _, under in found)
    monkeypatch.undo()
    for (total, greedy), (context, continuation) in zip(said[:-1], pairs[:-1], strict=True):
        expected, is_greedy = by_hand(model, context, continuation)
        assert (total, greedy) == (pytest.approx(expected, abs=1e-3), is_greedy)
    assert said[0][1]  # the likeliest token is the greedy one
    assert plainly(model, *pairs[1])[0] != pytest.approx(said[1][0], abs=1e-3)


def by_hand_first(model, context):
    with model.setting.method.attach(model.model) as reader, torch.inference_mode():
        return reader.prefill(torch.tensor([model.tok_encode(context)]), logits=True).logits[0].argmax().item()


def test_continuations_of_one_prompt_share_its_prefill(monkeypatch):
    model, found = make(attention=LIGHTHOUSE_SPEC, batch_size=4), prefilled(monkeypatch)
    model.loglikelihood(requests([(TEXT, "."), (TEXT, "!"), (TEXT, ".x"), (TEXT, "!yz")]), disable_tqdm=True)
    generate(model, [TEXT, TEXT])
    assert found == [(len(TEXT), True)] * 2


def test_a_generated_text_begins_with_what_the_prefill_says():
    model = make(attention=LIGHTHOUSE_SPEC)
    (said,) = generate(model, [TEXT * 3], max_gen_toks=3)
    total, greedy = by_hand(model, TEXT * 3, said)
    assert greedy
    assert model.loglikelihood(requests([(TEXT * 3, said)]), disable_tqdm=True) == [(pytest.approx(total, 1e-4), True)]


def test_the_last_tokens_of_an_unknown_prompt_are_its_question(monkeypatch):
    model = make(attention=LIGHTHOUSE_SPEC, reading="context")
    found = prefilled(monkeypatch)
    pairs = [(TEXT, "."), ("sixteen tokens..", "!")]
    _, (short, _) = model.loglikelihood(requests(pairs), disable_tqdm=True)
    assert found == [(len(TEXT) - 16, True)]
    assert short == pytest.approx(plainly(model, *pairs[1])[0], abs=1e-3)  # which is read densely
    assert generate(model, ["sixteen tokens.."]) == generate(make(), ["sixteen tokens.."])


def test_what_a_window_reads_once_needs_no_cache(monkeypatch):
    pairs = [(TEXT * 3, "."), (TEXT * 3, "!"), (TEXT.upper(), ", it")]
    for reading in ("prompt", "context"):
        model, found = make(attention="window:tokens=32", reading=reading, batch_size=2), prefilled(monkeypatch)
        said = model.loglikelihood(requests(pairs), disable_tqdm=True)
        assert bool(found) == (reading == "context")
        monkeypatch.undo()
        # several tails of one context, and so with a cache
        others = [(TEXT * 3, "!"), (TEXT * 3, ", yes"), (TEXT.upper(), ", it"), (TEXT.upper(), ", he")]
        again = model.loglikelihood(requests(others), disable_tqdm=True)
        assert said[1][0] == pytest.approx(again[0][0], abs=1e-3)
        assert said[2][0] == pytest.approx(again[2][0], abs=1e-3)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Half(Method):
    """Every other token of the context is dropped from its cache."""

    readings = ("context",)

    @contextlib.contextmanager
    def attach(self, model, observe=None, *, reading="context"):
        with Dense().attach(model) as session:
            yield Halving(session)


class Halving:
    shares_prefixes = packs = asks_under = False
    selects = True
    observe = None

    def __init__(self, session):
        self.session, self.model = session, session.model

    def prefill(self, ids, before=None, *, logits=False):
        filled = self.session.prefill(ids)
        for layer in filled.cache.layers:
            layer.keys, layer.values = layer.keys[:, :, ::2], layer.values[:, :, ::2]
        return filled


def test_positions_go_on_from_what_was_read_where_a_cache_is_shorter(monkeypatch):
    monkeypatch.setattr(METHODS, "_classes", {**{name: METHODS.get(name) for name in METHODS.names()}, "half": Half})
    model = make(attention="half")
    assert model.setting.reading == "context"
    ids = torch.tensor([model.tok_encode(TEXT + ",")])
    cut = len(TEXT) - 16
    with Half().attach(model.model) as reader, torch.inference_mode():
        cache = reader.prefill(ids[:, :cut]).cache
        places = torch.arange(cut, cut + 17)[None]
        out = model.model(input_ids=ids[:, cut:], past_key_values=cache, position_ids=places)
        likely = out.logits[0, -2:].log_softmax(-1)
    said = model.loglikelihood(requests([(TEXT, ",x"), (TEXT, ",")]), disable_tqdm=True)
    wanted = [likely[0, ord(",")].item(), likely[1, ord("x")].item()]
    assert [total for total, _ in said] == [pytest.approx(sum(wanted), abs=1e-3), pytest.approx(wanted[0], abs=1e-3)]
    first = likely[0].argmax().item()
    assert generate(model, [TEXT], max_gen_toks=1) == [model.tokenizer.decode([first])]
