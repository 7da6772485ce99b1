"""Functions of the user's own, named MODULE:NAME on the command line; their errors in one line."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from actscope.errors import ActscopeError, SettingError

_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_LIBRARIES = tuple(
    sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib")
)


def named(option: str, text: str) -> Any:
    """What MODULE:NAME means; modules of the current folder are found before installed ones.

    >>> named("--loss", "math:sqrt")(9)
    3.0
    """
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        hint = f": write {module.removesuffix('.py').replace('/', '.') or 'module'}:name"
        raise SettingError(f"{option} {text!r} is not of the form MODULE:NAME{hint}")
    if module.endswith(".py") or "/" in module:
        dotted = module.removesuffix(".py").replace("/", ".").strip(".")
        raise SettingError(
            f"{option} {text!r}: a module is named without path and .py: {dotted}:{name}"
        )
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    with told(f"importing {module} fails"):
        try:
            found: Any = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                raise SettingError(
                    f"{option} {text!r}: there is no module {error.name!r}, neither in this folder "
                    "nor installed"
                ) from None
            raise
    for part in name.split("."):
        if not hasattr(found, part):
            raise SettingError(f"{option} {text!r}: {module} has no {part!r}{_offer(found)}")
        found = getattr(found, part)
    return found


def called(option: str, text: str, function: Callable[[], Any]) -> Any:
    """What a function of the user's returns, called without arguments."""
    try:
        inspect.signature(function).bind()
    except TypeError as error:
        raise SettingError(
            f"{option} {text!r} cannot be called without arguments ({error}): name a function "
            "that returns the model and needs none"
        ) from None
    except ValueError:  # no signature to read: written in C
        pass
    with told(f"{text} fails"):
        return function()


@contextmanager
def told(what: str) -> Iterator[None]:
    """An error of the user's code is one line that says where in their file; what they print
    goes to stderr, since stdout is for the result."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except ActscopeError as error:
        place = _place(error.__cause__) if error.__cause__ is not None else ""
        if not place:
            raise
        raise type(error)(f"{error}{place}") from error.__cause__
    except (Exception, SystemExit) as error:
        if _ours(error):
            raise
        reason = " ".join(str(error).split())
        kind = type(error).__name__
        said = f"{kind}: {reason}" if reason else kind
        if len(said) > 300:
            said = f"{said[:297]}..."
        raise SettingError(f"{what}{_place(error)}: {said}") from error


def _ours(error: BaseException) -> bool:
    """A bug of this package. PyTorch raises other kinds, from frames of ours that call it."""
    frames = traceback.extract_tb(error.__traceback__)
    bug = isinstance(error, AssertionError | AttributeError | ImportError | LookupError | NameError)
    return bug and frames[-1].filename.startswith(_PACKAGE)


def _theirs(file: str) -> bool:
    return not file.startswith((*_LIBRARIES, _PACKAGE, "<")) and "site-packages" not in file


def _place(error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}, line {error.lineno})"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if _theirs(f.filename)]
    return f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""


def _offer(module: Any) -> str:
    """Up to five functions and classes that the module defines itself."""
    own = [
        name
        for name, value in vars(module).items()
        if callable(value)
        and getattr(value, "__module__", "") == getattr(module, "__name__", None)
        and not name.startswith("_")
    ]
    return f"; it has {', '.join(own[:5])}" if own else ""
