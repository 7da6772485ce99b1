"""The playground in a notebook: the same session behind the same script."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import pytest

import actscope as act
from actscope.web import _widget


def wait_for(condition: Any) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def tabs() -> int:
    return sum(thread.name == "actscope-tab" for thread in threading.enumerate())


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """What a widget sends: (content, buffers)."""
    messages: list[tuple[Any, Any]] = []
    kind = _widget._kind()
    monkeypatch.setattr(kind, "send", lambda _, content, buffers=None: messages.append(
        (content, buffers)))  # fmt: skip
    return messages


def test_messages_go_in_and_frames_come_out_and_closing_ends_it(
    sent: list[tuple[Any, Any]],
) -> None:
    before = tabs()
    widget = act.Playground()
    assert tabs() == before + 1
    widget._handle_custom_msg({"cmd": "hello"}, [])
    wait_for(lambda: any(content["kind"] == "frame" for content, _ in sent))
    assert [content["kind"] for content, _ in sent[:2]] == ["hello", "ready"]
    header, (numbers,) = sent[2]
    sizes = 0
    for _, shape in header["parts"]:
        size = 1
        for side in shape:
            size *= side
        sizes += size
    assert len(numbers) == 4 * sizes
    widget._handle_custom_msg("nonsense", [])
    wait_for(lambda: any(content["kind"] == "error" for content, _ in sent))
    widget._handle_custom_msg({"cmd": "run"}, [])
    wait_for(lambda: any(content.get("epoch", 0) > 0 for content, _ in sent))
    widget.close()
    wait_for(lambda: tabs() == before)


def test_its_script_and_style_are_whole() -> None:
    widget = act.Playground(data="moons", networks=["relu", ("tanh", "silu")], hidden=(4, 2))
    try:
        assert widget.address == "data=moons&hidden=4,2&net=relu,relu&net=tanh,silu"
        assert "export default" in widget._esm
        assert 'from "./' not in widget._esm
        assert ".actscope-playground" in widget._css
    finally:
        widget.close()


def test_a_wrong_setting_is_said_at_once() -> None:
    before = tabs()
    with pytest.raises(act.SettingError, match="data must be one of circle"):
        act.Playground(data="cirle")
    with pytest.raises(act.SettingError, match="no field 'hiden'"):
        act.Playground(hiden=[3])
    assert tabs() == before


def test_without_the_extra_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    _widget._kind.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(act.SettingError, match=r"needs anywidget: pip install actscope\[web\]"):
        act.Playground()
