"""The playground in a notebook: Jupyter, marimo, and what else shows anywidgets."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from actscope.errors import SettingError
from actscope.web._bundle import source, style
from actscope.web._config import read_config
from actscope.web._protocol import dumps
from actscope.web._session import Session


def Playground(**config: Any) -> Any:  # noqa: N802 - a widget is made as its class would be
    """The playground as a widget: the last expression of a cell shows it.

    config: fields of a set-up to begin with, such as data, noise, train (percent), seed,
    hidden, networks, features, init, optimizer, learning_rate, batch, l2; each network is
    named by its activation, or by one for each hidden layer. `close()` ends its training.

    Raises:
        SettingError: a field outside what is allowed, or the web extra is absent.

    Example:
        >>> p = Playground(data="xor", hidden=[4], networks=["relu", "tanh"], seed=3)
        >>> p.address
        'data=xor&seed=3&hidden=4&net=relu&net=tanh'
        >>> p.close()
    """
    plain = _plain(config)
    found = read_config(plain).document()
    return _kind()(_address({name: found[name] for name in found if name in plain}))


def _address(config: dict[str, Any]) -> str:
    """A set-up as the page writes it in the address line: what the widget begins with."""
    pairs: list[tuple[str, str]] = []
    for name, value in config.items():
        if name == "networks":
            pairs += [("net", ",".join(network["activations"])) for network in value]
        else:
            several = isinstance(value, list)
            pairs.append((name, ",".join(map(str, value)) if several else str(value)))
    return urlencode(pairs, safe=",()")


def _plain(config: dict[str, Any]) -> dict[str, Any]:
    """As JSON would have it: tuples are lists, and a network may be given by names alone."""
    plain = {
        key: list(value) if isinstance(value, tuple) else value for key, value in config.items()
    }
    networks = plain.get("networks")
    if isinstance(networks, list):
        plain["networks"] = [
            {"activations": [one] if isinstance(one, str) else list(one)}
            if isinstance(one, str | tuple | list)
            else one
            for one in networks
        ]
    return plain


@lru_cache(maxsize=1)
def _kind() -> Any:
    """The widget's class; made late, because anywidget need not be there."""
    try:
        import anywidget
        import traitlets
    except ModuleNotFoundError as error:
        raise SettingError(
            f"act.Playground needs {error.name}: pip install actscope[web]"
        ) from None

    class PlaygroundWidget(anywidget.AnyWidget):
        """net.js in a notebook, and a session behind it."""

        _esm = source()
        _css = style()
        address = traitlets.Unicode().tag(sync=True)

        def __init__(self, address: str) -> None:
            super().__init__(address=address)
            self._session = Session(self._say)
            self.on_msg(self._hear)

        def _say(self, header: dict[str, Any], numbers: bytes | None) -> None:
            self.send(header, None if numbers is None else [numbers])

        def _hear(self, _: Any, content: Any, __: Any) -> None:
            self._session.receive(dumps(content) if isinstance(content, dict) else b"")

        def close(self) -> None:
            """End its training and take it away."""
            if "_session" in self.__dict__:  # closing may come before it is all there
                self._session.close()
            super().close()

    return PlaygroundWidget
