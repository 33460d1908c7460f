"""Small random models as checkpoint folders with a chat template each."""

from pathlib import Path

from asking import tiny_llama

from lh_eval.checkpoints.byte_tokenizer import byte_tokenizer

TEMPLATE = (
    "{{% for m in messages %}}{name}[{{{{ m.role }}}}]{{{{ m.content }}}}{{% endfor %}}"
    "{{% if add_generation_prompt %}}[assistant]\n{{% endif %}}"
)


def instruct(folder: Path, name: str = "", **changes) -> str:
    """Write a model whose template begins each message with a name; returns the folder as an option's value."""
    tiny_llama(**changes).save_pretrained(folder)
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = TEMPLATE.format(name=name)
    tokenizer.save_pretrained(folder)
    return str(folder)
