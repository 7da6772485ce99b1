"""The playground's script as one module: anywidget loads a single file.

The page in a browser loads the modules beside `net.js` as they are. For a notebook they are
written one after the other, each in a function of its own, so that names cannot clash.
"""

from __future__ import annotations

import re
from importlib.resources import files

ENTRY = "net.js"
_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)
_NAME = re.compile(
    r"^export (?:async )?(?:function|const|let|class) ([A-Za-z_$][\w$]*)", re.MULTILINE
)


def source() -> str:
    """The whole playground as one ES module with anywidget's `export default { render }`.

    >>> source().count("export default")
    1
    """
    order: list[str] = []
    _collect(ENTRY, order)
    return "\n".join(_wrapped(name) for name in order[:-1]) + "\n" + _plain(ENTRY)


def style() -> str:
    """The style sheet; every rule is inside `.actscope-playground`."""
    return _read("app.css")


def _read(name: str) -> str:
    return (files("actscope.web") / "static" / name).read_text(encoding="utf-8")


def _collect(name: str, order: list[str]) -> None:
    """Adds `name` after all that it imports."""
    for _, needed in _IMPORT.findall(_read(name)):
        if needed not in order:
            _collect(needed, order)
    order.append(name)


def _space(name: str) -> str:
    return f"actscope_{name.removesuffix('.js')}"


def _plain(name: str) -> str:
    def take(found: re.Match[str]) -> str:
        return f"const {{{found[1]}}} = {_space(found[2])};\n"

    return _IMPORT.sub(take, _read(name))


def _wrapped(name: str) -> str:
    exported = ", ".join(_NAME.findall(_read(name)))
    body = _EXPORT.sub("", _plain(name))
    return f"const {_space(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();"
