"""Architectures of transformers with random weights: every site against a count made by hand.

The counts were read off the modelling code (each line says where), not off our output.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
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
        "intermediate_size": 64}  # fmt: skip
TEXT = {"vocab_size": 50, "bos_token_id": None, "eos_token_id": None, "pad_token_id": None}
GROUPED = {**BASE, "num_key_value_heads": 2}
T5 = {"d_model": 32, "d_ff": 64, "num_layers": 2, "num_heads": 4, "d_kv": 8}
OPT = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "ffn_dim": 64,
       "word_embed_proj_dim": 32}  # fmt: skip
EXPERTS = {**GROUPED, "num_local_experts": 4, "num_experts_per_tok": 4}
WHISPER = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 4,
           "decoder_attention_heads": 4, "encoder_ffn_dim": 64, "decoder_ffn_dim": 48,
           "num_mel_bins": 8, "max_source_positions": 16, "decoder_start_token_id": 1}  # fmt: skip
WAV2VEC2 = {**BASE, "conv_dim": (8, 12), "conv_kernel": (4, 3), "conv_stride": (2, 2),
            "num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2,
            "vocab_size": 50}  # fmt: skip
EFFICIENT = {"in_channels": (8, 8), "out_channels": (8, 16), "strides": (1, 2),
             "kernel_sizes": (3, 3), "num_block_repeats": (1, 1), "expand_ratios": (1, 4),
             "width_coefficient": 0.25, "depth_coefficient": 1.0, "hidden_dim": 320}  # fmt: skip
MOBILE = {"initializer_range": 0.5, "width_multiplier": 0.25, "n_attn_blocks": (1, 1, 1),
          "base_attn_unit_dims": (64, 96, 128)}  # fmt: skip


@dataclass(frozen=True)
class Case:
    """sites: (activation, units) -> how many; left_out: how many gates and soft caps; idle: how
    many modules are never called; old: what is swapped, "" where that
    is refused; given: what the model reads."""

    kind: str
    settings: dict[str, Any]
    sites: dict[tuple[str, int | None], int]
    old: str
    left_out: int = 0
    idle: int = 0
    given: str = "text"
    head: str = "Model"

    def build(self) -> nn.Module:
        words = TEXT if self.given == "text" else {}
        config = getattr(transformers, f"{self.kind}Config")(**{**words, **self.settings})
        return getattr(transformers, f"{self.kind}{self.head}")(config).eval()

    def example(self) -> dict[str, torch.Tensor]:
        match self.given:
            case "image":
                return {"pixel_values": torch.randn(2, 3, 64, 64)}
            case "audio":
                return {"input_values": torch.randn(2, 60)}
            case "speech":
                return {"input_features": torch.randn(2, 8, 32),
                        "decoder_input_ids": torch.randint(0, 50, (2, 5))}  # fmt: skip
        return {"input_ids": torch.randint(0, 50, (2, 7))}


def vision(
    kind: str, settings: dict[str, Any], sites: dict[Any, int], old: str, **more: Any
) -> Case:
    return Case(kind, settings, sites, old, given="image", **more)


CASES: dict[str, Case] = {
    # One after each of 2 BertIntermediate's Linear(32, 64); BertPooler's tanh of Linear(32, 32).
    "bert": Case("Bert", BASE, {("gelu", 64): 2, ("tanh", 32): 1}, "gelu"),
    # As Bert, its pooler included.
    "roberta": Case("Roberta", {**BASE, "pad_token_id": 1},
                    {("gelu", 64): 2, ("tanh", 32): 1}, "gelu"),
    # No pooler; embedding_size = hidden_size, so no projection either.
    "electra": Case("Electra", {**BASE, "embedding_size": 32}, {("gelu", 64): 2}, "gelu"),
    # num_hidden_groups = inner_group_num = 1: both layers run one block, so one site, called
    # twice; the pooler's tanh.
    "albert": Case("Albert", {**BASE, "embedding_size": 16},
                   {("gelu_tanh", 64): 1, ("tanh", 32): 1}, "gelu_tanh"),
    # GPT2MLP in each of 2 blocks; n_inner is 4 x n_embd.
    "gpt2": Case("GPT2", {"n_embd": 32, "n_layer": 2, "n_head": 4},
                 {("gelu_tanh", 128): 2}, "gelu_tanh"),
    # LlamaMLP: act(gate) * up, one in each of 2 layers; so Mistral, Qwen2.
    "llama": Case("Llama", BASE, {("silu", 64): 2}, "silu"),
    "mistral": Case("Mistral", GROUPED, {("silu", 64): 2}, "silu"),
    "qwen2": Case("Qwen2", GROUPED, {("silu", 64): 2}, "silu"),
    # PhiMLP, GPTNeoXMLP: one in each of 2 layers.
    "phi": Case("Phi", BASE, {("gelu_tanh", 64): 2}, "gelu_tanh"),
    "gpt_neox": Case("GPTNeoX", BASE, {("gelu", 64): 2}, "gelu"),
    # Gemma2MLP in each of 2 layers. Soft caps: of attention in each of 2 layers (eager), and of
    # the logits.
    "gemma2": Case("Gemma2", {**GROUPED, "head_dim": 8, "attn_implementation": "eager"},
                   {("gelu_tanh", 64): 2}, "gelu_tanh", left_out=3, head="ForCausalLM"),
    # Each of 2 mixers: silu of the convolution, softplus of the time step, silu of the branch
    # that gates; 2 x 32 channels. MambaMixer.act is registered and never called.
    "mamba": Case("Mamba", {"hidden_size": 32, "num_hidden_layers": 2},
                  {("silu", 64): 4, ("softplus", 64): 2}, "silu", idle=2),
    # BloomMLP in each of 2 blocks: 4 x 32 units.
    "bloom": Case("Bloom", {"hidden_size": 32, "n_layer": 2, "n_head": 4},
                  {("gelu_tanh", 128): 2}, "gelu_tanh"),
    # OPTDecoderLayer, 2 of them.
    "opt": Case("OPT", OPT, {("relu", 64): 2}, "relu"),
    # T5LayerFF in each of 2 encoder blocks.
    "t5": Case("T5", T5, {("relu", 64): 2}, "relu", head="EncoderModel"),
    "t5 gated": Case("T5", {**T5, "feed_forward_proj": "gated-gelu"},
                     {("gelu_tanh", 64): 2}, "gelu_tanh", head="EncoderModel"),
    # All experts' rows in one product: one call a layer, whose units cannot be told apart.
    "mixtral": Case("Mixtral", EXPERTS, {("silu", None): 2}, "silu"),
    # A loop: 4 experts in each of 2 layers, all chosen by every token.
    "mixtral eager": Case("Mixtral", {**EXPERTS, "experts_implementation": "eager"},
                          {("silu", 64): 8}, "silu"),
    # GptOssExperts writes out gate * sigmoid(1.702 gate) * (up + 1): 4 experts in each of 2 layers.
    "gpt_oss": Case("GptOss", {**EXPERTS, "head_dim": 8, "experts_implementation": "eager"},
                    {("quick_gelu", 64): 8}, ""),
    # Encoder: F.gelu of both convolutions, fc1; decoder: fc1.
    "whisper": Case("Whisper", WHISPER, {("gelu", 32): 2, ("gelu", 64): 1, ("gelu", 48): 1},
                    "gelu", given="speech"),
    # Both feature convolutions, the positional one, and 2 feed-forward blocks.
    "wav2vec2": Case("Wav2Vec2", WAV2VEC2, {("gelu", 8): 1, ("gelu", 12): 1, ("gelu", 32): 1,
                     ("gelu", 64): 2}, "gelu", given="audio"),
    # ViTMLP in each of 2 layers; the pooler's tanh.
    "vit": vision("ViT", {**BASE, "image_size": 64}, {("gelu", 64): 2, ("tanh", 32): 1}, "gelu"),
    # Stem; two in each of 2 x 2 basic blocks, of 8 and 16 channels.
    "resnet": vision("ResNet", {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [2, 2],
                     "layer_type": "basic"}, {("relu", 8): 5, ("relu", 16): 4}, "relu"),
    # One in each block, after Linear(dim, 4 x dim): 1 block of 8, 2 of 16.
    "convnext": vision("ConvNext", {"hidden_sizes": [8, 16], "depths": [1, 2], "num_stages": 2},
                       {("gelu", 32): 1, ("gelu", 64): 2}, "gelu"),
    # SwinMLP in each block, mlp_ratio 4: 1 block of 16, then 1 of 32 (patches merged).
    "swin": vision("Swin", {"image_size": 64, "embed_dim": 16, "depths": [1, 1],
                   "num_heads": [2, 4], "window_size": 4}, {("gelu", 64): 1, ("gelu", 128): 1},
                   "gelu"),
    # Stem of 8; in each of 2 Y blocks two convolutions, the squeeze (a quarter of what comes in),
    # and after the sum; the gate of each squeeze is left out.
    "regnet": vision("RegNet", {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1],
                     "groups_width": 4}, {("relu", 8): 4, ("relu", 16): 3, ("relu", 2): 2},
                     "relu", left_out=2),
    # Stem of round_filters(32 x 1/4) = 8. Block 1 (expansion 1): depthwise of 8, squeeze of 2;
    # block 2 (8 x 4 = 32): expansion, depthwise, squeeze of 2. Top of 1280 / 4.
    "efficientnet": vision("EfficientNet", EFFICIENT, {("silu", 8): 2, ("silu", 2): 2,
                           ("silu", 32): 2, ("silu", 320): 1}, "silu", left_out=2),
    # Stem of 16. Inverted residuals call two, of twice what comes in: layer 1 of 16; layer 2 of 16
    # and 32. Layers 3 to 5, of 64, 96, 128: an inverted residual of what the layer before gave,
    # conv_kxk of their own width, and in the one block of width d = 16, 24, 32 F.relu(value) x
    # context and a feed-forward of 2 d, rounded down to 16s.
    "mobilevitv2": vision("MobileViTV2", MOBILE, {
        ("silu", 16): 1,
        ("silu", 32): 2 + 2 + 1,  # layer 1, half of 2, feed-forward of 3
        ("silu", 64): 2 + 2 + 1 + 1,  # half of 2; 3: residual, conv_kxk; feed-forward of 5
        ("silu", 128): 2 + 1,  # residual of 4, conv_kxk of 5
        ("silu", 96): 1, ("silu", 48): 1,  # 4: conv_kxk, feed-forward
        ("silu", 192): 2,  # residual of 5
        ("relu", 16): 1, ("relu", 24): 1, ("relu", 32): 1,
    }, "silu"),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Case, nn.Module, Any]:
    torch.manual_seed(0)
    wanted = CASES[request.param]
    return wanted, wanted.build(), wanted.example()


Built = tuple[Case, nn.Module, Any]


def test_hand_counted_sites(case: Built) -> None:
    wanted, model, example = case
    found = find(model, example)
    assert Counter((s.activation, s.units) for s in found.sites) == wanted.sites
    assert all(site.axis is not None or site.note for site in found.sites)
    assert len({site.name for site in found.sites}) == len(found.sites)
    assert len(found.left_out) == wanted.left_out
    assert len(found.idle) == wanted.idle
    assert not found.unseen


def outputs_and_gradients(model: nn.Module, example: Any) -> list[torch.Tensor]:
    model.zero_grad()
    outs = [t for t in leaves(run(model, example)) if t.requires_grad]
    torch.stack([t.square().sum() for t in outs]).sum().backward()
    return [*outs, *(p.grad.clone() for p in model.parameters() if p.grad is not None)]


def test_outputs_and_gradients_are_bit_equal_when_watched(case: Built) -> None:
    _, model, example = case
    alone = outputs_and_gradients(model, example)
    with Tracker(model).watching():
        watched = outputs_and_gradients(model, example)
    assert len(alone) == len(watched)
    assert all(map(torch.equal, alone, watched))


def test_swapped_at_every_site_and_undone(case: Built) -> None:
    wanted, model, example = case
    if not wanted.old:
        with pytest.raises(act.SettingError, match="written out"):
            act.swap(model, "all", "mish", example=example)
        return
    state, before = {k: v.clone() for k, v in model.state_dict().items()}, find(model, example)
    with torch.no_grad():
        output = list(leaves(run(model, example)))
    done = act.swap(model, wanted.old, "mish", example=example)
    assert [c.name for c in done.changes] == [
        s.name for s in before.sites if s.activation == wanted.old
    ]
    assert Counter((s.activation, s.units) for s in find(model, example).sites) == {
        ("mish" if name == wanted.old else name, units): count
        for (name, units), count in wanted.sites.items()
    }
    assert done.difference > 0
    done.undo()
    with torch.no_grad():
        assert all(map(torch.equal, output, leaves(run(model, example))))
    assert list(model.state_dict()) == list(state)
    assert all(torch.equal(v, state[k]) for k, v in model.state_dict().items())
    assert find(model, example) == before
