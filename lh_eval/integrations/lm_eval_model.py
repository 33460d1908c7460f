"""lm-eval's model `lighthouse`: a transformers checkpoint whose contexts are read under Lighthouse attention.

    lh-eval lm-eval run --model lighthouse --model_args pretrained=FOLDER,k=512,scorer=norm --tasks lh_passkey

In Python, `lm_eval.simple_evaluate(model=LighthouseLM(pretrained=FOLDER, k=512), ...)`. As in `lh-eval niah`, the
context is prefilled under Lighthouse, question and answer attend densely to its cache, and only scored rows get logits.
"""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from lm_eval.api.registry import model_registry
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from tqdm import tqdm

from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.engine.batching import batch_size as fitting_batch_size
from lh_eval.engine.prefilling import Prefiller, branch
from lh_eval.errors import InputError, unknown_name
from lh_eval.integrations.lm_eval_prompts import Prompt, Prompts, continuation_ids
from lh_eval.integrations.lm_eval_reading import (
    Query,
    batches,
    begin_alike,
    is_read_once,
    read,
    readings,
    rows_of,
    rows_without_cache,
    whole_ids,
)
from lh_eval.integrations.lm_eval_setting import make_setting
from lh_eval.methods.lighthouse import use_lighthouse
from lh_eval.modeling.session import Session

NAME = "lighthouse"

# HFLM's own arguments that make sense for a model that is loaded already.
_PASSED_ON = ("batch_size", "max_batch_size", "max_length", "add_bos_token", "prefix_token_id", "chat_template_args")
_SETTINGS = ("k", "num_levels", "pooling_factor", "scorer", "selection", "tile_k", "cover_prefix")


def register() -> None:
    """Make lm-eval know the model by name; versions that load entry points know it already."""
    if NAME not in model_registry:
        model_registry.register(NAME, target=LighthouseLM)


class LighthouseLM(HFLM):
    """A causal LM that reads contexts under Lighthouse attention.

    Args:
        pretrained: checkpoint folder, hub name or a name of `lh-eval models`; None is the shipped checkpoint.
        attention: "lighthouse", or "dense" for the same way of reading without it.
        dense_layers: layers that stay dense, a list or text such as `0/1/-2/-1` or `none`.
        question_tokens: tokens at the end of a prompt that attend densely, where its question's beginning is not
            known (`Prompts`); shorter prompts are read densely.
        device: as lm-eval says it; without such a device, what there is.
        dtype: `auto`, `float32`, `bfloat16` or `float16`.
        trust_remote_code: run code that the checkpoint brings.
        options: the fields of `LighthouseConfig` (k, scorer, ...), by default those of the checkpoint's
            lighthouse.json; and of HFLM batch_size (an integer, or `auto` for what memory holds), max_length,
            add_bos_token, prefix_token_id and chat_template_args.

    Raises:
        InputError: an argument cannot be used, or the checkpoint cannot be loaded.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        *,
        attention: str = "lighthouse",
        dense_layers: str | int | Sequence[int] | None = None,
        question_tokens: int = 64,
        device: str | None = None,
        dtype: str = "auto",
        trust_remote_code: bool = False,
        **options: Any,
    ) -> None:
        for name in options:
            if name not in (*_SETTINGS, *_PASSED_ON):
                raise unknown_name("model argument", name, (*_SETTINGS, *_PASSED_ON, "pretrained", "attention"))
        if type(question_tokens) is not int or question_tokens < 1:
            raise InputError(f"question_tokens must be a positive integer, got {question_tokens!r}")
        if device is None or (device.startswith("cuda") and not torch.cuda.is_available()):
            device = "auto"  # lm-eval asks for cuda:0 unless told otherwise
        checkpoint = load_checkpoint(
            pretrained, device=device, dtype=dtype or "auto", trust_remote_code=bool(trust_remote_code)
        )
        changes = {name: options.pop(name) for name in _SETTINGS if options.get(name) is not None}
        self.setting = make_setting(checkpoint, attention, changes, dense_layers)
        super().__init__(
            pretrained=checkpoint.model, backend="causal", tokenizer=checkpoint.tokenizer, **_given(options)
        )
        self.checkpoint = checkpoint
        self._prompts = Prompts(self.tokenizer, question_tokens)

    def get_model_info(self) -> dict[str, Any]:
        """What lm-eval writes beside its results: the checkpoint, and how it attends."""
        return {
            "model_name": self.checkpoint.name,
            "model_sha256": self.checkpoint.sha256,
            "model_dtype": self.checkpoint.dtype,
            "model_num_parameters": sum(weight.numel() for weight in self.model.parameters()),
            "attention": self.setting.to_dict(),
        }

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
        """Continue each request's prompt; documents of ours at most as far as their sample says."""
        texts = [""] * len(requests)
        waiting: dict[tuple[str, int], list[tuple[int, Prompt]]] = defaultdict(list)
        for place, request in enumerate(requests):
            sample = self._prompts.sample(request)
            text, settings = request.args
            prompt = self._prompts.of_sample(sample) if sample else self._prompts.of_ids(self.tok_encode(text))
            most = normalize_gen_kwargs(settings, self.max_gen_toks)["max_gen_toks"]
            if sample and sample.max_new_tokens:
                most = min(most, sample.max_new_tokens)
            waiting[repr(settings), most].append((place, prompt))
        with tqdm(total=len(requests), disable=disable_tqdm, desc="Running generate_until requests") as bar:
            for (_, most), alike in waiting.items():
                settings = requests[alike[0][0]].args[1]
                self._generate(alike, settings, most, texts, bar)
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

        prefiller = self._prefiller()
        bar = tqdm(total=len(asked), disable=disable_tqdm, desc="Running loglikelihood requests")
        with bar, torch.inference_mode():
            made = list(batches(readings(queries), self._size_of))
            for batch, goes_on in zip(made, begin_alike(made), strict=True):
                grouped = zip(*(reading.queries for reading in batch), strict=True)
                if self.setting.config is None and not goes_on and is_read_once(batch):
                    (alike,) = grouped
                    for row, logprobs in enumerate(rows_without_cache(self.model, alike)):
                        for place in places[alike[row].context, alike[row].tail]:
                            add(place, 0, alike[row].rows, logprobs)
                        bar.update(len(places[alike[row].context, alike[row].tail]))
                    continue
                cache = self._read(prefiller, batch)
                for alike in grouped:
                    tails = torch.tensor([query.tail for query in alike], device=self.model.device)
                    with branch(cache) as continued:
                        for begin, logprobs in rows_of(self.model, continued, tails, alike[0].rows):
                            for row, query in enumerate(alike):
                                for place in places[query.context, query.tail]:
                                    add(place, begin, query.rows, logprobs[row])
                    bar.update(sum(len(places[query.context, query.tail]) for query in alike))
        return list(zip(totals, greedy, strict=True))

    def _generate(
        self, alike: list[tuple[int, Prompt]], settings: dict[str, Any], most: int, texts: list[str], bar: Any
    ) -> None:
        """Generate after prompts with the same settings, into `texts`."""
        values = normalize_gen_kwargs(settings, self.max_gen_toks)
        values.pop("max_gen_toks")
        if self.eot_token_id is None:
            raise InputError(
                "tokenizer must have an end-of-text token where answers are generated, got none; "
                "set eos_token in its tokenizer_config.json"
            )
        until = handle_stop_sequences(
            values.pop("until", None), eos=self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        )
        places: dict[Query, list[int]] = defaultdict(list)
        for place, prompt in alike:
            self._check_length(len(prompt.context) // 4 + len(prompt.question) + most)
            places[Query(prompt.context, prompt.question, 1)].append(place)
        prefiller = self._prefiller()
        for batch in batches(readings(places), self._size_of):
            cache = self._read(prefiller, batch)
            for queries in zip(*(reading.queries for reading in batch), strict=True):
                ids = torch.tensor([whole_ids(query) for query in queries], device=self.model.device)
                with branch(cache) as continued, torch.inference_mode():
                    out = self._model_generate(
                        ids,
                        max_length=ids.shape[1] + most,
                        stop=until,
                        attention_mask=torch.ones_like(ids),
                        past_key_values=continued,
                        **values,
                    )
                for query, tokens in zip(queries, out[:, ids.shape[1] :].tolist(), strict=True):
                    text = postprocess_generated_text(self.tok_decode(tokens), stop=until, think_end_token=None)
                    for place in places[query]:
                        texts[place] = text
                bar.update(sum(len(places[query]) for query in queries))

    def _prefiller(self) -> Prefiller:
        """What reads the contexts of one call, and keeps the last ones; `_read` gives it the session that is on."""
        with self._attending() as session:
            return Prefiller(self.model, session)

    def _attending(self) -> AbstractContextManager[Session]:
        return use_lighthouse(self.model, self.setting.config, dense_layers=self.setting.dense_layers)

    def _read(self, prefiller: Prefiller, batch: list[Any]) -> Any:
        """Prefill a batch's contexts; what follows is run outside of Lighthouse, and so attends densely."""
        with self._attending() as session:
            prefiller.session = session
            return read(prefiller, batch)

    def _size_of(self, tokens: int) -> int:
        if str(self.batch_size).startswith("auto"):
            return fitting_batch_size(self.model, tokens)
        return int(self.batch_size)

    def _check_length(self, tokens: int) -> None:
        if tokens > self.max_length:
            raise InputError(
                f"prompts must be of at most {self.max_length} tokens for {self.checkpoint.name}, got one of {tokens}; "
                f"leave it out, or run it nevertheless with max_length={tokens}"
            )


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
