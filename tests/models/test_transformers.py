"""Architectures of transformers with random weights: hand-counted sites, nothing changed, swapped.

Each count is from the architecture: two layers, one activation a feed-forward block, and what is
said beside it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn

import actscope as act
from actscope.sites import find
from actscope.sites._observe import leaves, run
from actscope.sites._tracker import Tracker

transformers = import_module("transformers")  # in the dev extra: never skipped

BASE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "vocab_size": 50}  # fmt: skip
OWN = {"bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
T5 = {"d_model": 32, "d_ff": 64, "num_layers": 2, "num_heads": 4, "d_kv": 8, "vocab_size": 50}
OPT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 64,
       "vocab_size": 50, "word_embed_proj_dim": 32}  # fmt: skip
MOE = {**BASE, "num_local_experts": 4, "num_key_value_heads": 2, "num_experts_per_tok": 4}
BLOCKS = {"hidden_size": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50}
GPT2 = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 50}
MAMBA = {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": 50}

# name -> config, model, settings, sites, what is swapped; counted from the architecture:
CASES: dict[str, tuple[str, str, dict[str, Any], int, str]] = {
    "bert": ("BertConfig", "BertModel", BASE, 3, "gelu"),  # 2 + the pooler's tanh
    "roberta": ("RobertaConfig", "RobertaModel", {**BASE, "pad_token_id": 1}, 3, "gelu"),
    "electra": ("ElectraConfig", "ElectraModel", {**BASE, "embedding_size": 32}, 2, "gelu"),
    "albert": ("AlbertConfig", "AlbertModel", {**BASE, "embedding_size": 16}, 2, "gelu_tanh"),
    # albert: both layers share one block: one site, called twice; + the pooler's tanh
    "gpt2": ("GPT2Config", "GPT2Model", GPT2, 2, "gelu_tanh"),
    "llama": ("LlamaConfig", "LlamaModel", BASE, 2, "silu"),
    "mistral": ("MistralConfig", "MistralModel", {**BASE, "num_key_value_heads": 2}, 2, "silu"),
    "qwen2": ("Qwen2Config", "Qwen2Model", {**BASE, "num_key_value_heads": 2}, 2, "silu"),
    "phi": ("PhiConfig", "PhiModel", BASE, 2, "gelu_tanh"),
    "gpt_neox": ("GPTNeoXConfig", "GPTNeoXModel", BASE, 2, "gelu"),
    "gemma2": ("Gemma2Config", "Gemma2ForCausalLM",
               {**BASE, "head_dim": 8, "num_key_value_heads": 2}, 2, "gelu_tanh"),
    # mamba, each layer: silu after its convolution, softplus of dt, silu of the gate branch
    "mamba": ("MambaConfig", "MambaModel", MAMBA, 6, "silu"),
    "bloom": ("BloomConfig", "BloomModel", BLOCKS, 2, "gelu_tanh"),
    "opt": ("OPTConfig", "OPTModel", OPT, 2, "relu"),
    "t5": ("T5Config", "T5EncoderModel", T5, 2, "relu"),
    "t5 gated": ("T5Config", "T5EncoderModel",
                 {**T5, "feed_forward_proj": "gated-gelu"}, 2, "gelu_tanh"),
    "mixtral": ("MixtralConfig", "MixtralModel", MOE, 2, "silu"),  # grouped: one a layer
    # eager: all 4 experts of both layers are chosen by every token
    "mixtral eager": ("MixtralConfig", "MixtralModel",
                      {**MOE, "experts_implementation": "eager"}, 8, "silu"),
    # vision; vit: 2 + the pooler's tanh
    "vit": ("ViTConfig", "ViTModel",
            {"image_size": 64, **{k: v for k, v in BASE.items() if k != "vocab_size"}}, 3, "gelu"),
    # resnet: stem, then two in each of 2 x 2 basic blocks
    "resnet": ("ResNetConfig", "ResNetModel", {"embedding_size": 8, "hidden_sizes": [8, 16],
               "depths": [2, 2], "layer_type": "basic"}, 9, "relu"),
    # convnext: one a block, 1 + 2 blocks
    "convnext": ("ConvNextConfig", "ConvNextModel", {"hidden_sizes": [8, 16], "depths": [1, 2],
                 "num_stages": 2}, 3, "gelu"),
    # swin: one a block, 1 + 1
    "swin": ("SwinConfig", "SwinModel", {"image_size": 64, "embed_dim": 16, "depths": [1, 1],
             "num_heads": [2, 4], "window_size": 4}, 2, "gelu"),
    # regnet: stem, then in each of 2 blocks: two convolutions, squeeze, and after the sum
    "regnet": ("RegNetConfig", "RegNetModel", {"embedding_size": 8, "hidden_sizes": [8, 16],
               "depths": [1, 1], "groups_width": 4}, 9, "relu"),
}  # fmt: skip
VISION = {"vit", "resnet", "convnext", "swin", "regnet"}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[nn.Module, dict[str, Any], int, str]:
    config, kind, settings, sites, old = CASES[request.param]
    torch.manual_seed(0)
    words = {} if request.param in VISION else OWN
    model = getattr(transformers, kind)(
        getattr(transformers, config)(**{**words, **settings})
    ).eval()
    ids = {"input_ids": torch.randint(0, 50, (2, 7))}
    example = {"pixel_values": torch.randn(2, 3, 64, 64)} if request.param in VISION else ids
    return model, example, sites, old


Case = tuple[nn.Module, dict[str, Any], int, str]


def test_hand_counted_sites(case: Case) -> None:
    model, example, sites, _ = case
    found = find(model, example)
    assert len(found.sites) == sites, [s.name for s in found.sites]
    assert all(site.axis is not None or site.note for site in found.sites)


def outputs_and_gradients(model: nn.Module, example: Any) -> list[torch.Tensor]:
    model.zero_grad()
    outs = [t for t in leaves(run(model, example)) if t.requires_grad]
    torch.stack([t.square().sum() for t in outs]).sum().backward()
    return [*outs, *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


def test_outputs_and_gradients_are_bit_equal_when_watched(case: Case) -> None:
    model, example, _, _ = case
    alone = outputs_and_gradients(model, example)
    with Tracker(model).watching():
        watched = outputs_and_gradients(model, example)
    assert len(alone) == len(watched)
    assert all(map(torch.equal, alone, watched))


def test_swapped_at_every_site_and_undone(case: Case) -> None:
    model, example, _, old = case
    keys, before = list(model.state_dict()), find(model, example)
    with torch.no_grad():
        output = list(leaves(run(model, example)))
    chosen = [s for s in before.sites if s.activation == old]
    done = act.swap(model, old, "mish", example=example)
    assert [c.name for c in done.changes] == [s.name for s in chosen]
    assert old not in {s.activation for s in find(model, example).sites}
    assert done.difference > 0
    done.undo()
    with torch.no_grad():
        assert all(map(torch.equal, output, leaves(run(model, example))))
    assert list(model.state_dict()) == keys
    assert find(model, example) == before
