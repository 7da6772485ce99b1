"""What stands in examples/ runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
# What each says, and what it is given beside the name of its page to be done at once.
SAYS = {
    "compare_cnn": ("Use ", "2"),
    "compare_transformer": ("gelu: put in at site relu(encoder.layers.0.linear1)", "2"),
    "diagnose_training": ("relu -> leaky_relu(negative_slope=0.1)",),
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs(example: Path, tmp_path: Path) -> None:
    said, *small = SAYS[example.stem]
    done = subprocess.run(
        [sys.executable, "-W", "error", str(example), "page.html", *small],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.html").exists()
    assert said in done.stdout
    if example.stem == "diagnose_training":
        assert "died while watched" in done.stdout
