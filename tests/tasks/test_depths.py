"""Every task at five depths, with three kinds of tokenizer: no needle is silently off its depth.

By default at two lengths, and documents, which take long to tokenize, with bytes alone; `make long` takes it all.
"""

import functools
import inspect

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from lh_eval.corpora.texts import load_text
from lh_eval.engine.guards import check_sample
from lh_eval.errors import InputError
from lh_eval.lengths import DEPTH_TOLERANCE
from lh_eval.runs.grid import Grid
from lh_eval.runs.trials import fault_of
from lh_eval.tasks.base import TASKS, get_task
from lh_eval.tasks.building.document import DocumentTask
from lh_eval.tasks.building.published import Published

LENGTHS = (512, 1024, 2048, 4096, 8192)
FEW_LENGTHS = (1024, 8192)  # of 8192 tokens every task has room
DEPTHS = (0.0, 25.0, 50.0, 75.0, 100.0)
TRIALS = 2
# cwe's default list takes 2,000 tokens and more; sentences of published data are tested in building/
SPECS = [
    {"cwe": "cwe:common=3,times=8,rare=1"}.get(name, name)
    for name in TASKS.names()
    if name != "chat"  # of another task, with a template; see test_chat.py
    and not issubclass(TASKS.get(name), Published)
    and "lh_eval" in inspect.getmodule(TASKS.get(name)).__name__
]
NAMES = ["byte", "bpe", "unigram"]
FEW = [
    (spec, name, FEW_LENGTHS)
    for number, spec in enumerate(SPECS)
    for name in ("byte", NAMES[1 + number % 2])
    if name == "byte" or not issubclass(TASKS.get(spec.partition(":")[0]), DocumentTask)
]
ALL = [pytest.param(spec, name, LENGTHS, marks=pytest.mark.long) for spec in SPECS for name in NAMES]


def _unigram():
    """As SentencePiece makes them: a lower one eighth for spaces, rare characters unknown, a token ahead of a text."""
    core = Tokenizer(models.Unigram())
    core.normalizer = normalizers.NFKC()
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(prepend_scheme="never"), pre_tokenizers.Digits(individual_digits=True)]
    )
    core.decoder = decoders.Metaspace(prepend_scheme="never")
    alphabet = [chr(code) for code in range(33, 127)] + ["\n"]
    trainer = trainers.UnigramTrainer(
        vocab_size=1500, special_tokens=["<unk>", "<s>", "</s>"], unk_token="<unk>", initial_alphabet=alphabet,
        show_progress=False,
    )  # fmt: skip
    core.train_from_iterator(load_text("moby_dick").whole[:120_000].split("\n\n"), trainer)
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", bos_token="<s>", eos_token="</s>")


@pytest.fixture(scope="module")
def swept(tokenizers, prose_bpe):
    return {"byte": tokenizers["byte"], "bpe": prose_bpe, "unigram": _unigram()}


class _Once:
    """A task that makes each sample once."""

    def __init__(self, spec):
        self._sample = functools.cache(functools.partial(get_task(spec).sample, seed=0))

    def sample(self, tokenizer, *, length, depth, trial, seed=0):
        assert seed == 0
        return self._sample(tokenizer, length=length, depth=depth, trial=trial)


def _refusal(task, tokenizer, spec, length):
    """Why a run refuses the length, without the search for one that works."""
    try:
        return fault_of(task, tokenizer, Grid(task=spec, lengths=(length,), depths=DEPTHS, trials=TRIALS), length)
    except InputError as error:
        return str(error)


@pytest.mark.parametrize(("spec", "name", "lengths"), [*FEW, *ALL])
def test_needles_lie_at_their_depths_or_the_length_is_refused(swept, record_property, spec, name, lengths):
    task, tokenizer = _Once(spec), swept[name]
    runs = 0
    for length in lengths:
        if _refusal(task, tokenizer, spec, length) is not None:
            continue
        runs += 1
        places = [(depth, trial) for depth in DEPTHS for trial in range(TRIALS)]
        samples = {place: task.sample(tokenizer, length=length, depth=place[0], trial=place[1]) for place in places}
        assert len({sample.prompt_sha256 for sample in samples.values()}) == len(places)
        for (depth, _), sample in samples.items():
            check_sample(tokenizer, sample, length=length, depth=depth, tolerance=DEPTH_TOLERANCE)
            context = len(sample.context_ids)
            assert sample.depth == 100 * sample.needle_start / context
            if not sample.placed:
                continue
            if depth == 0:
                assert sample.needle_start - sample.opening <= 0.02 * context
            elif depth == 100:
                end = sample.needle_start + (sample.removed or sample.needle_end - sample.needle_start)
                assert context - end <= 0.02 * context
            else:
                assert abs(sample.depth - depth) <= 2
    assert runs >= 1
    for what in ("A needle off its depth", "A prompt that is cut or of another length"):  # check_sample looks at both
        record_property("silent", [what, runs * len(DEPTHS) * TRIALS, "0"])
