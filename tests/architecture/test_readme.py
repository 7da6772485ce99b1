"""What the README shows runs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
MODEL = """
from torch import nn


def build():
    return nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
"""
# In one process, which loads PyTorch once.
ONE_AFTER_ANOTHER = """
import json, sys
from actscope.cli import main
for words in json.loads(sys.argv[1]):
    print("done:", *words[:1], main(words))
"""
COMMANDS = re.findall(r"^actscope .*?(?=\s+#|$)", README, flags=re.MULTILINE)


def run(arguments: list[str], folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the README's commands name."""
    path = tmp_path_factory.mktemp("readme")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"calls": rng.poisson(3, 80), "plan": rng.choice(["a", "b"], 80)})
    frame["churned"] = np.where(frame["calls"] > 3, "yes", "no")
    frame.to_csv(path / "churn.csv", index=False)
    frame.drop(columns="churned").head(5).to_csv(path / "new.csv", index=False)
    np.save(path / "inputs.npy", rng.normal(size=(200, 4)))
    (path / "my_model.py").write_text(MODEL)
    return path


def test_python_blocks_run_and_save(folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) == 6
    small = "".join(blocks).replace("seeds=10", "seeds=2, epochs=2")
    assert small.count("seeds=2, epochs=2") == 2
    assert "relu" in run(["-c", small], folder)
    assert (folder / "out" / "index.html").exists()


def test_commands_run(folder: Path) -> None:
    assert len(COMMANDS) == 14
    every: list[list[str]] = []
    for command in COMMANDS:
        words = shlex.split(command)[1:]
        if words[0] == "learn":  # serves until it is stopped: see tests/web
            continue
        if words[0] == "compare":
            words += ["--seeds", "2", "--epochs", "2"]  # the last of an option counts
        if words[0] == "claims":
            words += ["movie", "tanh-cousin"]
        every.append(words)
    said = run(["-c", ONE_AFTER_ANOTHER, json.dumps(every)], folder)
    assert len(re.findall(r"^done: .+ 0$", said, flags=re.MULTILINE)) == len(every), said
    assert len(pd.read_csv(folder / "out.csv")) == 5
    assert (folder / "cousins.svg").exists()
    assert (folder / "poster.pdf").exists()
