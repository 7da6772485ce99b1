"""The program as a whole: quick, quiet, and one line for every mistake."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actscope.cli import main

_COMMANDS = ["compare", "predict", "diagnose", "list", "show", "plot", "poster", "neuron"]
HEAVY = ("torch", "sympy", "sklearn", "pandas", "numpy", "matplotlib", "rich", "scipy", "pyarrow")


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "actscope.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["compare", "--help"], ["diagnose", "--help"], ["--version"], []]
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom actscope.cli import main\n"
        f"assert main({arguments!r}) == 0\n"
        f"found = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("command", _COMMANDS)
def test_every_help_has_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    out, err = capsys.readouterr()
    assert f"Example:\n    actscope {command}" in out
    assert err == ""


def test_all_options_of_the_design_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    main(["compare", "--help"])
    out = capsys.readouterr().out
    for option in (
        *("--target", "--task", "--metric", "--activations", "--seeds", "--learning-rates"),
        *("--hidden", "--drop", "--epochs", "--batch-size", "--workers", "--out", "--no-save"),
        *("--engine", "--json"),
    ):
        assert f"{option} " in out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from actscope import __version__

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"actscope {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["comprae", "x"], "Did you mean 'compare'?"),
        (["frobnicate"], "No such command 'frobnicate'"),
        (["compare"], "no DATA given"),
        (["compare", "x", "--sedes", "3"], "No such option"),
        (["compare", "x", "--seeds"], "requires an argument"),
        (["compare", "x", "y", "z"], "there is no file 'x'"),
        (["predict", "a", "b"], "Missing option '-o'"),
        (["show"], "Missing argument 'NAME'"),
        (["show", "gelo"], "Did you mean 'gelu'"),
        (["show", "leaky_relu(slope=1)"], "slope"),
        (["plot"], "Missing argument 'NAME...'"),
        (["plot", "relu"], "say where the picture goes: -o FILE"),
        (["plot", "gelo", "-o", "a.svg"], "Did you mean 'gelu'"),
        (["plot", "relu", "-o", "a.gif"], "a picture is a .svg, .png or .pdf file"),
        (["plot", "relu", "-o", "no/such/folder/a.svg"], "its folder is not there"),
        (["plot", "swiglu", "-o", "a.svg"], "plot its gate, silu"),
        (["plot", "softmax", "-o", "a.svg"], "takes a vector"),
        (["poster"], "say where the poster goes: -o FILE"),
        (["poster", "-o", "a"], "a picture is a .svg, .png or .pdf file"),
        (["--frob"], "No such option"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("actscope: ")
    assert err.count("\n") == 1
    assert expected in err


def test_a_mistake_in_another_process_has_no_traceback() -> None:
    done = run("show", "no\x1b[31msuch")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--version"], ["list"], ["list", "--json"]])
def test_a_reader_who_leaves_early_hears_no_complaint(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "actscope.cli", *arguments]
    # an ordinary shell's buffering: a short output breaks only when it is flushed at the end
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # before anything is written
    err = process.stderr.read()
    code = process.wait(timeout=60)
    process.stderr.close()
    assert (err, code) == (b"", 1)


def test_an_encoding_without_our_characters_is_no_error() -> None:
    command = [sys.executable, "-m", "actscope.cli", "show", "relu"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    assert b"range" in done.stdout


def test_ctrl_c_is_one_line_and_exit_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "actscope.cli", "compare", "sklearn:digits"]
    process = subprocess.Popen(
        [*command, "--seeds", "200", "--workers", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    time.sleep(8)  # into the training, or into the imports on a slow machine: either must do
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert err.startswith("actscope: stopped; ")
    assert err.count("\n") == 1
    if "nothing was kept." in err:
        assert list(tmp_path.iterdir()) == []
    else:
        assert err.endswith(
            "parts are kept. Go on with: actscope compare --resume actscope-digits\n"
        )
        assert (tmp_path / "actscope-digits" / "study.sqlite").exists()
