"""The playground's script as one module."""

from __future__ import annotations

import re
from importlib.resources import files

from actscope.web._bundle import source, style


def test_nothing_is_imported_any_more() -> None:
    assert re.findall(r"^\s*import\b.*", source(), re.MULTILINE) == []
    assert re.findall(r"^export .*", source(), re.MULTILINE) == ["export default { render };"]


def test_every_module_of_the_widget_is_in_it_once() -> None:
    static = files("actscope.web") / "static"
    modules = {one.name for one in static.iterdir() if one.name.endswith(".js")}
    for name in modules - {"host.js", "net.js"}:  # host.js is the page's own side
        first = (static / name).read_text(encoding="utf-8").splitlines()[0]
        assert source().count(f"{first}\n") == 1, name
    assert "new WebSocket" not in source()


def test_every_rule_stays_inside_the_playground() -> None:
    plain = re.sub(r"/\*.*?\*/", "", style(), flags=re.DOTALL)
    selectors = [found.strip() for found in re.findall(r"([^{}]+)\{", plain)]
    rules = [one for one in selectors if not one.startswith(("@", "from"))]
    assert len(rules) > 100
    assert [
        one for one in rules if not one.startswith((".actscope-playground", ".actscope-page"))
    ] == []
