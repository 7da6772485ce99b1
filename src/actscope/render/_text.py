"""Text of users, made safe to show anywhere: one line, nothing invisible, not too long."""

from __future__ import annotations


def clean(text: str) -> str:
    """The same text with a space for each character that is not printable."""
    # isprintable is False for escapes, newlines and the marks that turn the writing direction
    return "".join(c if c.isprintable() else " " for c in text)


def label(text: object, limit: int | None = 40) -> str:
    """A user's text on one line: control and invisible characters become spaces.

    Args:
        text: anything; `str` is taken of it.
        limit: the most characters to keep (the end is replaced by an ellipsis), or None.

    >>> label("a\\n\\x1b[31mb")
    'a [31mb'
    >>> label("x" * 50, limit=5)
    'xxxx…'
    """
    shown = " ".join(clean(str(text)).split())
    if limit is not None and len(shown) > limit:
        shown = shown[: max(limit - 1, 0)].rstrip() + "…"
    return shown or "(empty)"
