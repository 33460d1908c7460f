"""lm-eval's model `lighthouse`: a transformers checkpoint under a setting, Lighthouse attention by default.

    lh-eval lm-eval run --model lighthouse --model_args pretrained=FOLDER,k=512,scorer=norm --tasks lh_passkey

In Python, `lm_eval.simple_evaluate(model="lighthouse", model_args={"attention": "window:tokens=1024"}, ...)`, once
`lh_eval` is imported, or `model=LighthouseLM(...)`.
Prompts are read as in `lh-eval niah`, and only scored rows get logits.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import postprocess_generated_text
from tqdm import tqdm

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.engine.answering import end_ids
from lh_eval.engine.asking import Asking
from lh_eval.engine.batching import batch_size as fitting_batch_size
from lh_eval.engine.prefilling import Prefiller
from lh_eval.errors import InputError, unknown_name
from lh_eval.integrations.lm_eval_answers import answers
from lh_eval.integrations.lm_eval_batches import Batch, Query, batches, by_context, rounds
from lh_eval.integrations.lm_eval_generating import Ending, ending_of, generate
from lh_eval.integrations.lm_eval_prompts import Prompt, Prompts, continuation_ids
from lh_eval.integrations.lm_eval_scoring import read, scored_rows
from lh_eval.integrations.lm_eval_setting import make_setting, shorthand
from lh_eval.methods.base import METHODS, Method
from lh_eval.modeling.memory import mixes_rows
from lh_eval.store.rows import Key
from lh_eval.tasks.base import Sample

# HFLM's own arguments that make sense for a model that is loaded already.
_PASSED_ON = ("batch_size", "max_batch_size", "max_length", "add_bos_token", "prefix_token_id", "chat_template_args")


class LighthouseLM(HFLM):
    """A causal LM that reads prompts under a setting.

    Args:
        pretrained: checkpoint folder, hub name or a name of `lh-eval models`; None is the shipped checkpoint.
        attention: a method with its options, such as "lighthouse", "dense" or "window:tokens=1024"; what it leaves
            open is taken from the checkpoint's lighthouse.json.
        reading: "prompt" reads context and question under the method, "context" the context alone, and question and
            answer attend densely; the method's usual one if None.
        question_tokens: where the context alone is read under the method and its end is not known (`Prompts`), tokens
            at the end of a prompt that are its question; shorter prompts are read densely.
        device: as lm-eval says it; without such a device, what there is.
        dtype: `auto`, `float32`, `bfloat16` or `float16`.
        trust_remote_code: run code that the checkpoint brings.
        options: Lighthouse's options (k, scorer, dense_layers, ...), the layers a list or text such as `0/1/-2/-1` or
            `none`; and of HFLM batch_size (an integer; what memory holds if not given), max_length, add_bos_token,
            prefix_token_id and chat_template_args.

    Raises:
        InputError: an argument cannot be used, or the checkpoint cannot be loaded.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        *,
        attention: str = "lighthouse",
        reading: str | None = None,
        question_tokens: int = 64,
        device: str | None = None,
        dtype: str = "auto",
        trust_remote_code: bool = False,
        **options: Any,
    ) -> None:
        known = (*shorthand(), *_PASSED_ON)
        for name in options:
            if name not in known:
                raise unknown_name("model argument", name, (*known, "pretrained", "attention", "reading"))
        if type(question_tokens) is not int or question_tokens < 1:
            raise InputError(f"question_tokens must be a positive integer, got {question_tokens!r}")
        if device is None or (device.startswith("cuda") and not torch.cuda.is_available()):
            device = "auto"  # lm-eval asks for cuda:0 unless told otherwise
        checkpoint = load_checkpoint(
            pretrained, device=device, dtype=dtype or "auto", trust_remote_code=bool(trust_remote_code)
        )
        options = {name: value for name, value in options.items() if value is not None}
        chosen = {name: options.pop(name) for name in shorthand() if name in options}
        self.setting = make_setting(checkpoint, attention, chosen, reading)
        options.setdefault("batch_size", "auto")
        super().__init__(pretrained=checkpoint.model, backend="causal", tokenizer=checkpoint.tokenizer, **options)
        self.checkpoint = checkpoint
        with self.setting.method.attach(self.model, reading=self.setting.reading) as reader:
            self._whole = self.setting.reading == "prompt" and not reader.shares_prefixes
        self._prompts = Prompts(self.tokenizer, self.tok_encode, question_tokens, whole=self._whole)

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval writes beside its results: the checkpoint, how it attends, and how its prompts are read."""
        return {
            "model_name": self.checkpoint.name,
            "model_sha256": self.checkpoint.sha256,
            "model_dtype": self.checkpoint.dtype,
            "model_num_parameters": sum(weight.numel() for weight in self.model.parameters()),
        } | self.setting.to_dict()

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[tuple[float, bool]]:
        """Log-likelihood of each request's continuation, and whether it is the greedy one."""
        asked = []
        for request in requests:
            sample = self._prompts.sample(request)
            ids, continuation = continuation_ids(request, sample, self._encode_both)
            prompt = self._prompts.of_sample(sample) if ids is None and sample else self._prompts.of_ids(ids or [])
            asked.append((prompt, continuation))
        results = self._score(asked, disable_tqdm)
        for request, result in zip(requests, results, strict=True):
            self.cache_hook.add_partial("loglikelihood", request.args, result)
        return results

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[Any, list[int], list[int]]],
        disable_tqdm: bool = False,
        override_bs: int | None = None,  # noqa: ARG002
    ) -> list[tuple[float, bool]]:
        """The same of token ids; what HFLM's rolling log-likelihood asks for, a window at a time."""
        asked = [(self._prompts.of_ids(context), continuation) for _, context, continuation in requests]
        return self._score(asked, disable_tqdm)

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Continue each request's prompt greedily; documents of ours end where no more text changes their score."""
        if self.eot_token_id is None:
            raise InputError(
                "tokenizer must have an end-of-text token where answers are generated, got none; "
                "set eos_token in its tokenizer_config.json"
            )
        end = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        texts = [""] * len(requests)
        waiting: dict[Ending, dict[Query, list[int]]] = defaultdict(lambda: defaultdict(list))
        ours: dict[str, dict[Key, Sample]] = defaultdict(dict)
        places: dict[tuple[str, Key], list[int]] = defaultdict(list)
        for place, request in enumerate(requests):
            sample = self._prompts.sample(request)
            text, settings = request.args
            if sample:
                prompt = self._prompts.of_sample(sample)
            else:
                prompt = self._prompts.of_ids(self.tok_encode(text) or [self.prefix_token_id])
            ending = ending_of(settings, self.max_gen_toks, end)
            if sample and sample.max_new_tokens:
                ending = ending._replace(most=min(ending.most, sample.max_new_tokens))
            self._check_length(len(prompt.context) // 4 + len(prompt.question) + ending.most)
            if sample and sample.max_new_tokens and ending.most and set(ending.stops) <= {end}:
                spec, length, depth, trial = (request.doc[name] for name in ("lh_task", "length", "depth", "trial"))
                # in a run of its own for each seed, and each limit of the user's
                part = f"{spec} {request.doc['seed']} {ending.most < sample.max_new_tokens}"
                key = (spec, length, depth, trial)
                ours[part][key] = dataclasses.replace(sample, max_new_tokens=ending.most)
                places[part, key].append(place)
                continue
            waiting[ending][Query(prompt.context, prompt.question, 1)].append(place)
        with tqdm(total=len(requests), disable=disable_tqdm, desc="Running generate_until requests") as bar:
            for part, samples in ours.items():
                for key, text in self._answers(samples):
                    for place in places[part, key]:
                        texts[place] = text
                    bar.update(len(places[part, key]))
            for ending, queries in waiting.items():
                self._generate(queries, ending, texts, bar)
        for request, text in zip(requests, texts, strict=True):
            self.cache_hook.add_partial("generate_until", request.args, text)
        return texts

    def _encode_both(self, context: str, continuation: str) -> tuple[list[int], list[int]]:
        if context:
            ids, scored = self._encode_pair(context, continuation)
            return ids, scored
        scored = self.tok_encode(continuation, add_special_tokens=False)
        return ([self.prefix_token_id], scored) if scored[0] != self.prefix_token_id else (scored[:1], scored[1:])

    def _score(self, asked: list[tuple[Prompt, list[int]]], disable_tqdm: bool) -> list[tuple[float, bool]]:
        """Log-likelihoods of continuations; prompts that begin alike are read once."""
        totals, greedy = [0.0] * len(asked), [True] * len(asked)
        places: dict[tuple[bytes, tuple[int, ...]], list[int]] = defaultdict(list)
        queries = []
        for place, (prompt, continuation) in enumerate(asked):
            if not continuation:
                continue
            tail = (*prompt.question, *continuation[:-1])
            self._check_length(len(prompt.context) // 4 + len(tail))
            queries.append(Query(prompt.context, tail, len(continuation)))
            places[prompt.context, tail].append(place)

        def add(place: int, begin: int, rows: int, logprobs: torch.Tensor) -> None:
            """Add what [r, V] rows from `begin` on, of a tail's last `rows`, say about a continuation."""
            wanted = asked[place][1]
            skipped = rows - len(wanted)  # another continuation of this tail is longer
            first, last = max(begin, skipped), begin + len(logprobs)
            if first >= last:
                return
            ids = torch.tensor(wanted[first - skipped : last - skipped], device=logprobs.device)
            scored = logprobs[first - begin :]
            totals[place] += scored.gather(1, ids[:, None]).sum().item()
            greedy[place] &= bool((scored.argmax(1) == ids).all())

        bar = tqdm(total=len(asked), disable=disable_tqdm, desc="Running loglikelihood requests")
        with bar, torch.inference_mode():
            for method, made in self._parts(queries):
                with method.attach(self.model, reading=self.setting.reading) as reader:
                    rows = scored_rows(Prefiller(reader), made, whole=self._whole, causal=method.causal)
                    for query, begin, logprobs in rows:
                        alike = places[query.context, query.tail]
                        for place in alike:
                            add(place, begin, query.rows, logprobs)
                        if begin + len(logprobs) == query.rows:
                            bar.update(len(alike))
        return list(zip(totals, greedy, strict=True))

    def _answers(self, samples: dict[Key, Sample]) -> Iterator[tuple[Key, str]]:
        size = None if str(self.batch_size).startswith("auto") else int(self.batch_size)
        return answers(
            self.model,
            self.tokenizer,
            samples,
            self.setting.method,
            reading=self.setting.reading,
            batch_size=size,
            size_of=self._size_of,
        )

    def _detect_batch_size(self, requests: Any = None, pos: int = 0) -> int:  # noqa: ARG002
        """What memory holds, without trying: what HFLM's rolling log-likelihood asks for."""
        return self._size_of(self.max_length)

    @torch.inference_mode()
    def _generate(self, places: dict[Query, list[int]], ending: Ending, texts: list[str], bar: Any) -> None:
        """Generate after prompts, into `texts` at each one's places."""
        ends = end_ids(self.model, self.tokenizer)
        for method, made in self._parts(places):
            with method.attach(self.model, reading=self.setting.reading) as reader:
                prefiller = Prefiller(reader)
                for batch in made:
                    filled = read(prefiller, batch, whole=self._whole)
                    for alike in rounds(batch):
                        with Asking(self.model, filled).branch() as asked:
                            logits = filled.logits
                            if logits is None:
                                logits = asked.read([list(query.tail) for query in alike])
                            drawn = generate(asked, logits, self.tokenizer, ending, ends)
                        for query, tokens in zip(alike, drawn, strict=True):
                            text = self.tok_decode(tokens)
                            text = postprocess_generated_text(text, stop=list(ending.stops), think_end_token=None)
                            for place in places[query]:
                                texts[place] = text
                        bar.update(sum(len(places[query]) for query in alike))

    def _parts(self, queries: Iterable[Query]) -> Iterator[tuple[Method, list[Batch]]]:
        """Batches, and the method in whose block they are read and asked.

        Where the context alone is read under it, prompts without one are read densely.
        """
        made = list(batches(by_context(queries), self._size_of))
        under = [batch for batch in made if batch[0].context or self.setting.reading == "prompt"]
        alone = made[len(under) :]  # the longest contexts come first
        if under:
            yield self.setting.method, under
        if alone:
            yield METHODS.build("dense"), alone

    def _size_of(self, tokens: int) -> int:
        if mixes_rows(self.model):
            return 1
        if str(self.batch_size).startswith("auto"):
            return fitting_batch_size(self.model, tokens)
        return int(self.batch_size)

    def _check_length(self, tokens: int) -> None:
        if tokens > self.max_length:
            raise InputError(
                f"prompts must be of at most {self.max_length} tokens for {self.checkpoint.name}, got one of {tokens}; "
                f"leave it out, or run it nevertheless with max_length={tokens}"
            )
