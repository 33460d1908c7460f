"""The class of our tasks in lm-eval: what its YAML files cannot say.

Shots are refused, each document has its own budget, and no metric comes without its aggregation.
"""

from typing import Any

from lm_eval.api.task import ConfigurableTask

from lh_eval.errors import InputError
from lh_eval.integrations.lm_eval_rates import ERROR, aggregations

_BUDGETS = {"max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens", "max_length"}


class LhTask(ConfigurableTask):
    """A task of ours.

    Args:
        config: what the YAML file says.

    Raises:
        InputError: it asks for shots, or its documents cannot be made.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        config = {name: value for name, value in config.items() if name != "class"}
        _check_shots(config.get("num_fewshot"))
        super().__init__(config=config)
        made = aggregations(self.task_docs[0]["lengths"])
        self._aggregation_list |= made
        self._higher_is_better |= {name: not name.endswith(ERROR) for name in made}

    def fewshot_docs(self) -> None:
        """None: other documents of a trial have the answer that is asked for."""

    def set_config(self, key: str, value: Any, update: bool = False) -> None:
        """As lm-eval's own; shots are refused."""
        if key == "num_fewshot":
            _check_shots(value)
        super().set_config(key, value, update)

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int = 0, **options: Any) -> Any:
        """The prompt: the sample's own text, or the parts of it as messages of a chat."""
        _check_shots(num_fewshot)
        if not options.get("apply_chat_template"):
            if doc["chat"]:
                raise InputError(
                    "apply_chat_template must be true where chat is, whose lengths count the template, got false; "
                    "run lm-eval with --apply_chat_template"
                )
            doc = doc | {"text": doc["text"] + doc["gap"]}
        return super().fewshot_context(doc, num_fewshot, **options)

    def construct_requests(self, doc: dict[str, Any], ctx: str | list[str], **options: Any) -> Any:
        """As lm-eval's own; of a generated answer as many tokens as its sample says, unless the user says another."""
        made = super().construct_requests(doc, ctx, **options)
        if self.OUTPUT_TYPE == "generate_until":
            settings = made.arguments[1]
            if not _BUDGETS & settings.keys():
                settings["max_gen_toks"] = doc["max_new_tokens"]
        return made


def _check_shots(count: int | None) -> None:
    if count:
        raise InputError(
            f"num_fewshot must be 0, as other samples hold the answers that are asked for, got {count}; leave it out"
        )
