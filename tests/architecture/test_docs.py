"""What docs/diagnosis.md shows runs, and what it links to is there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "diagnosis.md").read_text(encoding="utf-8")


def test_python_blocks_run(tmp_path: Path) -> None:
    code = "".join(re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\ntest_my_model_is_alive()\n"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "relu to leaky_relu" in done.stdout


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)", PAGE)
    assert len(links) >= 2
    assert [link for link in links if not (DOCS / link).exists()] == []
