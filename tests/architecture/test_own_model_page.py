"""What docs/your-own-model.md shows runs, and what it links to is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "your-own-model.md").read_text(encoding="utf-8")


def test_python_blocks_run(tmp_path: Path) -> None:
    code = "".join(re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
    small = code.replace("seeds=5", "seeds=2, workers=1").replace("range(100)", "range(5)")
    assert small.count("seeds=2") == small.count("range(5)") == 1
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", small],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "mean test squared error" in done.stdout
    assert (tmp_path / "sine" / "index.html").exists()


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", PAGE)
    assert len(links) >= 2
    assert [link for link in links if not (DOCS / link).exists()] == []
