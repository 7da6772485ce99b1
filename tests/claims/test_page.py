"""The page in docs/ is what a run writes: its form, not its numbers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from actscope import claims

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "claims.md").read_text()


def test_the_committed_page_has_all_claims_with_a_verdict_in_both_places() -> None:
    rows = re.findall(r"^\| \[([\w-]+)\]\(#\1\) \| ([a-z ]+) \| .+: .+ \| .+ \|$", PAGE, re.M)
    sections = re.findall(r"^## ([\w-]+)\n\n(.+)\n\n\*\*(.+)\.\*\* (.+)\n", PAGE, re.M)
    assert [name for name, _ in rows] == claims.names()
    assert [(name, said.lower()) for name, _, said, _ in sections] == rows
    assert {said for _, said in rows} <= set(claims.VERDICTS)
    assert [says for _, says, _, _ in sections] == [claim.says for claim in claims.CLAIMS]
    assert all(claim.how in PAGE for claim in claims.CLAIMS)


@pytest.mark.parametrize("name", claims.names())
def test_conditions_on_the_page_give_its_verdict(name: str) -> None:
    section = PAGE.split(f"\n## {name}\n")[1].split("\n## ")[0]
    found = re.findall(r"^- (essential|further): .+, \*\*(met|not met)\*\*$", section, re.M)
    expected = "Holds" if all(m == "met" for _, m in found) else "Holds in part"
    if ("essential", "not met") in found:
        expected = "Not confirmed"
    assert found
    assert f"\n**{expected}.** " in section


@pytest.mark.parametrize("name", claims.names())
def test_each_picture_speaks(name: str) -> None:
    root = ET.parse(DOCS / "claims" / f"{name}.svg").getroot()
    space = "{http://www.w3.org/2000/svg}"
    title, words = root.find(f"{space}title"), root.find(f"{space}desc")
    assert title is not None
    assert words is not None
    assert words.text
    assert f"![{words.text}](claims/{name}.svg)".replace("|", "\\|") in PAGE


def test_no_picture_is_left_of_a_claim_that_is_gone() -> None:
    assert sorted(p.stem for p in (DOCS / "claims").iterdir()) == sorted(claims.names())
