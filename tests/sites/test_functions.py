"""Whose code calls a function."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import actscope as act
from actscope.cli import _user_code
from actscope.sites import find

SOURCE = """
from torch import nn
from torch.nn import functional as F

class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.out = nn.Linear(3, 4), nn.Linear(4, 2)

    def forward(self, x):
        return self.out(F.relu(self.conv(x), inplace=True))
"""


@pytest.mark.parametrize("beside", [Path(torch.__file__).parent, Path(act.__file__).parent])
def test_a_package_whose_name_begins_like_another_is_the_users(beside: Path) -> None:
    """As torchvision and torchaudio lie beside torch."""
    file, found = f"{beside}vision/googlenet.py", dict[str, type[nn.Module]]()
    exec(compile(SOURCE, file, "exec"), found)
    model, x = found["Block"](), torch.randn(5, 3)
    assert find(model, x).sites[0].key.line.startswith(f"{file}:11:")
    act.swap(model, "relu", "tanh", example=x)
    called_elsewhere = model(x)
    assert isinstance(model.out, nn.Linear)
    assert isinstance(model.conv, nn.Linear)
    assert torch.equal(called_elsewhere, model.out(model.conv(x).tanh()))


def test_an_error_in_such_a_package_is_the_users_too() -> None:
    assert _user_code._theirs(f"{Path(act.__file__).parent}_extra/model.py")
    assert not _user_code._theirs(act.__file__)
