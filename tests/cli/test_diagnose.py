"""`actscope diagnose`, on real files and a module of the user's own."""

from __future__ import annotations

import io
import json
import os
import pickle
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from actscope.cli import main
from actscope.cli._weights import load_weights
from actscope.errors import DataError

MODULE = '''
import torch
from torch import nn

print("importing")

def healthy():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 2))

def sick():
    """Units 0 to 4 of 8 have the bias -100: they never fire."""
    print("building")
    model = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    with torch.no_grad():
        model[0].bias.copy_(torch.tensor([-100.0] * 5 + [1.0] * 3))
    return model

class Named(nn.Module):
    """Takes two inputs by name."""

    def __init__(self):
        super().__init__()
        self.net = healthy()

    def forward(self, left, right):
        return self.net(left - right)

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 3)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))

class Rows(nn.Module):
    """Tells what it was given."""

    seen = []

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        Rows.seen.append(x)
        return torch.tanh(self.layer(x))

class Broken(nn.Module):
    def forward(self, x):
        return x.nothing

instance = healthy()

def needs(width):
    return nn.Linear(width, 1)

def fails():
    raise ValueError("two\\nlines")

def leaves():
    raise SystemExit(3)

def number():
    return 3

class Inside:
    make = staticmethod(healthy)

def loss(output, targets):
    assert targets.dtype is torch.int64, targets.dtype
    return nn.functional.cross_entropy(output, targets)

def sleepy():
    import time
    print("asleep", flush=True)
    time.sleep(60)
'''


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the user's module and files of the same 300 rows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "my_model", raising=False)
    (tmp_path / "my_model.py").write_text(MODULE)
    x = np.random.default_rng(0).normal(size=(300, 3))
    y = (x[:, 0] > 0).astype(np.int64)
    np.save("x.npy", x)
    np.savez("x.npz", x=x, y=y)
    np.savez("named.npz", left=x, right=x / 2, y=y)
    np.savez("odd.npz", a=x, b=x)
    torch.save((torch.from_numpy(x), torch.from_numpy(y)), "pair.pt")
    torch.save(torch.from_numpy(x), "x.pt")
    torch.save({"x": torch.from_numpy(x), "y": torch.from_numpy(y)}, "named.pt")
    frame = pd.DataFrame(x, columns=["a", "b", "c"])
    frame.to_csv("x.csv", index=False)
    frame.assign(kind=np.where(y, "yes", "no")).to_csv("t.csv", index=False)
    frame.assign(kind=y).to_parquet("t.parquet", index=False)
    return tmp_path


def document(out: str) -> dict[str, Any]:
    def refuse(word: str) -> float:
        raise AssertionError(word)

    return json.loads(out, parse_constant=refuse)


def diagnose(*arguments: str) -> int:
    return main(["diagnose", *arguments])


# --- what it answers


def test_serious_is_1_and_stdout_is_the_document_alone(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("my_model:sick", "--data", "x.npy", "--json") == 1
    out, err = capsys.readouterr()
    found = document(out)
    assert (found["schema"], found["ok"]) == (1, False)
    (site,) = found["sites"]
    assert (site["name"], site["activation"], site["units"]) == ("1", "relu", 8)
    assert (site["dead_units"], site["samples"]) == ([0, 1, 2, 3, 4], 300)
    dead = next(f for f in found["findings"] if f["kind"] == "dead")
    assert (dead["severity"], dead["units"]) == ("serious", [0, 1, 2, 3, 4])
    assert err == "importing\nbuilding\n"  # what the user's code prints is not our result


def test_healthy_is_0_and_says_so_in_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("my_model:healthy", "--data", "x.npy") == 0
    out = capsys.readouterr().out
    assert "tanh" in out
    assert "HealthReport(" not in out


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_model_of_which_nothing_is_seen(
    here: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("torch.nn:Identity", "--data", "x.npy", *options) == 1
    out, err = capsys.readouterr()
    if options:
        assert (document(out)["sites"], document(out)["ok"]) == ([], False)
    assert "nothing was seen of the model's units" in err
    assert "act.declare" in err
    assert err.count("\n") == 1


def test_a_page(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("my_model:sick", "--data", "x.npy", "--out", "health.html") == 1
    out, page = capsys.readouterr().out, (here / "health.html").read_text()
    assert (here / "health.html").resolve().as_uri() in out
    assert "5 of 8 units" in page
    assert "5 of 8 units" in " ".join(out.split())


@pytest.mark.parametrize("name", ["healthy", "instance", "Inside.make"])
def test_functions_and_modules(here: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose(f"my_model:{name}", "--data", "x.npy", "--json") == 0
    assert document(capsys.readouterr().out)["sites"][0]["units"] == 16


@pytest.mark.parametrize(
    "data",
    [
        *("x.npy", "x.npz", "x.pt", "pair.pt", "named.pt", "x.csv"),
        *("t.csv --target kind", "t.parquet --target -1"),
    ],
)
def test_every_format_gives_the_same_rows(
    here: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diagnose("my_model:Rows", "--data", *data.split(), "--batch-size", "128") == 0
    seen = sys.modules["my_model"].Rows.seen
    assert [len(rows) for rows in seen] == [128, 128, 44]
    expected = np.load("x.npy")
    np.testing.assert_allclose(torch.cat(seen).numpy(), expected, rtol=1e-6)
    assert torch.cat(seen).dtype is torch.float32


def test_standardised_columns(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("far.npy", np.load("x.npy") * [1, 10, 100] + [5, 6, 7])
    assert diagnose("my_model:Rows", "--data", "far.npy", "--standardise") == 0
    seen = torch.cat(sys.modules["my_model"].Rows.seen).numpy()
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(seen.std(0), 1, rtol=1e-5)
    assert "standardised" in capsys.readouterr().out


def test_inputs_by_name(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert diagnose("my_model:Named", "--data", "named.npz", "--target", "y", "--json") == 0
    assert document(capsys.readouterr().out)["sites"][0]["name"] == "net.1"


@pytest.mark.parametrize(
    "data", ["x.npz", "pair.pt", "named.pt", "t.csv --target kind", "t.parquet --target kind"]
)
def test_a_loss_tells_the_gradient(
    here: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--data", *data.split(), "--batch-size", "300"]
    assert diagnose("my_model:healthy", *options, "--loss", "my_model:loss", "--json") == 0
    told = document(capsys.readouterr().out)["sites"][0]["gradient"]

    model = sys.modules["my_model"].healthy()
    x, y = np.load("x.npz")["x"].astype(np.float32), np.load("x.npz")["y"]
    a = torch.tanh(model[0](torch.from_numpy(x))).detach().requires_grad_()
    torch.nn.functional.cross_entropy(model[2](a), torch.from_numpy(y)).backward()
    assert a.grad is not None
    assert told == pytest.approx(float(a.grad.abs().mean()), rel=1e-4)


def test_a_loss_may_be_a_class(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = diagnose("my_model:healthy", "--data", "x.npz", "--loss", "torch.nn:CrossEntropyLoss")
    assert code == 0


def test_the_same_each_time_without_weights(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for _ in range(2):
        diagnose("my_model:Tied", "--data", "x.npy", "--json")
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


# --- weights


def _sick_state(here: Path) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    state = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    found = {name: value.clone() for name, value in state.state_dict().items()}
    found["0.bias"] = torch.tensor([1.0] * 6 + [-100.0] * 2)
    return found


@pytest.mark.parametrize("form", ["safetensors", "pt", "nested", "prefixed"])
def test_weights_are_put_in(here: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    state = _sick_state(here)
    if form == "safetensors":
        save_file(state, "w.safetensors")
    elif form == "pt":
        torch.save(state, "w.pt")
    elif form == "nested":
        torch.save({"state_dict": state, "epoch": 3}, "w.pt")
    else:
        torch.save({f"module.{name}": value for name, value in state.items()}, "w.pt")
    name = next(here.glob("w.*")).name
    diagnose("my_model:sick", "--data", "x.npy", "--weights", name, "--json")
    assert document(capsys.readouterr().out)["sites"][0]["dead_units"] == [6, 7]


def test_tied_weights_saved_once(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = {"a.weight": torch.eye(3), "a.bias": torch.tensor([0.0, -99.0, 0.0])}
    save_file({**state, "b.bias": torch.zeros(3)}, "w.safetensors")
    diagnose("my_model:Tied", "--data", "x.npy", "--weights", "w.safetensors", "--json")
    assert document(capsys.readouterr().out)["sites"][0]["dead_units"] == [1]


def test_weights_that_do_not_fit(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = _sick_state(here)
    del state["2.bias"]
    state["0.weight"] = torch.zeros(8, 4)
    state["head.weight"] = torch.zeros(1)
    save_file(state, "w.safetensors")
    assert diagnose("my_model:sick", "--data", "x.npy", "--weights", "w.safetensors") == 2
    (said,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("actscope")]
    assert "it lacks '2.bias'" in said
    assert "the model has no 'head.weight'" in said
    assert "'0.weight' is (8, 4), the model's (8, 3)" in said


# --- files whose numbers are not there


ODD = {
    "sparse": (lambda x: x.to_sparse(), "is a sparse tensor"),
    "meta": (lambda x: x.to("meta"), "is on the meta device"),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_tensors(here: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    change, said = ODD[kind]
    rows, state = torch.zeros(4, 3), _sick_state(here)
    torch.save(change(rows), "odd.pt")
    torch.save({"x": rows, "y": change(rows)}, "odd_too.pt")
    torch.save({**state, "2.weight": change(state["2.weight"])}, "w.pt")
    for data in (["odd.pt"], ["odd_too.pt"], ["x.npy", "--weights", "w.pt"]):
        assert diagnose("my_model:sick", "--data", *data) == 2
        (told,) = [x for x in capsys.readouterr().err.splitlines() if x.startswith("actscope: ")]
        assert said in told


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_a_nested_tensor(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save(torch.nested.nested_tensor([torch.zeros(2, 3)] * 2), "odd.pt")
    assert diagnose("my_model:healthy", "--data", "odd.pt") == 2
    assert "actscope: " in capsys.readouterr().err


def test_weights_are_put_in_all_or_none(here: Path) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = _sick_state(here)
    torch.save({**state, "2.weight": state["2.weight"].to_sparse()}, "w.pt")
    with pytest.raises(DataError, match=r"'2\.weight' is a sparse tensor"):
        load_weights(model, Path("w.pt"))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("name", ["huge.npy", "huge.npz"])
def test_a_header_that_claims_too_much(
    here: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    head = io.BytesIO()
    claim = {"descr": "<f8", "fortran_order": False, "shape": (10**12, 3)}
    np.lib.format.write_array_header_1_0(head, claim)
    if name.endswith("npy"):
        Path(name).write_bytes(head.getvalue())
    else:
        with zipfile.ZipFile(name, "w") as file:
            file.writestr("x.npy", head.getvalue())
    assert diagnose("my_model:healthy", "--data", name) == 2
    assert "cannot be read" in capsys.readouterr().err


# --- nothing is unpickled


class Evil:
    """Unpickling it would make a file."""

    def __reduce__(self) -> Any:
        return Path.touch, (Path("ran"),)


def test_nothing_is_ever_unpickled(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("e.pt").write_bytes(pickle.dumps(Evil()))
    torch.save({"x": Evil()}, "zip.pt")
    np.save("e.npy", np.array([Evil()], dtype=object), allow_pickle=True)
    np.savez("e.npz", x=np.array([Evil()], dtype=object))
    for name in ("e.pt", "zip.pt", "e.npy", "e.npz"):
        assert diagnose("my_model:healthy", "--data", name) == 2
    for name in ("e.pt", "zip.pt"):
        assert diagnose("my_model:healthy", "--data", "x.npy", "--weights", name) == 2
    assert not Path("ran").exists()
    err = capsys.readouterr().err
    assert err.count("actscope: ") == 6
    assert "Python objects are never loaded" in err


# --- mistakes


def line(text: str) -> str:
    """Where it stands in the user's module."""
    return f"(my_model.py, line {MODULE[: MODULE.index(text)].count(chr(10)) + 1})"


MISTAKES = [
    ("my_model", "--data x.npy", "not of the form MODULE:NAME: write my_model:name"),
    ("my_model.py:sick", "--data x.npy", "without path and .py: my_model:sick"),
    ("my_modl:sick", "--data x.npy", "there is no module 'my_modl', neither in this folder"),
    ("my_model:sik", "--data x.npy", "my_model has no 'sik'; it has healthy, sick"),
    ("my_model:needs", "--data x.npy", "missing a required argument: 'width'"),
    ("my_model:fails", "--data x.npy", line("raise ValueError") + ": ValueError: two lines"),
    ("my_model:leaves", "--data x.npy", line("raise SystemExit") + ": SystemExit: 3"),
    ("my_model:number", "--data x.npy", "of type int: it must return a torch.nn.Module"),
    ("my_model:Broken", "--data x.npy", line("x.nothing")),
    ("my_model:__doc__", "--data x.npy", "is a NoneType: name a function"),
    ("my_model:sick", "--data no.npy", "'no.npy': there is no such file"),
    ("my_model:sick", "--data x.txt", "must end in one of: .npz, .npy"),
    ("my_model:sick", "--data .", "must end in one of"),
    ("my_model:sick", "--data empty.npy", "has no rows"),
    ("my_model:sick", "--data nan.npy", "holds 2 values that are NaN, or infinite in float32"),
    ("my_model:sick", "--data huge.npy", "holds 300 values that are NaN, or infinite in float32"),
    ("my_model:sick", "--data text.npy", "numbers are needed"),
    ("my_model:sick", "--data torn.npy", "cannot be read as NumPy data"),
    ("my_model:sick", "--data torn.pt", "'torn.pt'"),
    ("my_model:sick", "--data scalar.npy", "the first axis must be the same rows"),
    ("my_model:sick", "--data uneven.npz --target y", "the first axis must be the same rows"),
    ("my_model:sick", "--data odd.npz", "holds 'a', 'b': call the inputs x"),
    ("my_model:sick", "--data x.npz --target z", "has no 'z'; there are: 'x', 'y'"),
    ("my_model:sick", "--data x.npy --target y", "--target is for tables"),
    ("my_model:sick", "--data t.csv", "no numbers in the column 'kind' of 't.csv'"),
    ("my_model:sick", "--data t.csv --target d", "--target 'd' is no column; there are: 'a'"),
    ("my_model:sick", "--data holes.csv", "values are missing in the column 'b'"),
    ("my_model:sick", "--data x.npy --loss my_model:loss", "has no targets for the loss"),
    ("my_model:sick", "--data x.npz --loss my_model:los", "my_model has no 'los'"),
    ("my_model:sick", "--data x.npz --loss my_model:number", "TypeError"),
    ("my_model:sick", "--data wide.npy", "shapes cannot be multiplied (256x4 and 3x8)"),
    ("my_model:sick", "--data x.npy --batch-size 0", "--batch-size '0' must be"),
    ("my_model:sick", "--data x.npy --device tpu9", "--device 'tpu9' is not there"),
    ("my_model:sick", "--data x.npy --out a.pdf", "--out 'a.pdf' must end in one of: .html"),
    ("my_model:sick", "--data x.npy --weights no.pt", "--weights 'no.pt': there is no such file"),
    ("my_model:sick", "--data x.npy --weights x.npy", "--weights 'x.npy' must end in one of"),
    ("my_model:sick", "--data x.npy --weights torn.safetensors", "cannot be read"),
    ("my_model:sick", "--data x.npy --weights pair.pt", "holds a tuple, no state_dict"),
    ("my_model:sick", "", "Missing option '--data'"),
    ("broken:sick", "--data x.npy", "importing broken fails (broken.py, line 2)"),
    ("imports:sick", "--data x.npy", "No module named 'not_there'"),
]


@pytest.mark.parametrize(("factory", "options", "expected"), MISTAKES)
def test_mistakes_are_one_line_and_exit_2(
    here: Path, factory: str, options: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    x = np.load("x.npy")
    np.save("empty.npy", x[:0])
    np.save("scalar.npy", np.float64(3))
    np.save("wide.npy", np.hstack([x, x[:, :1]]))
    np.save("text.npy", np.array(["a", "b"]))
    np.savez("uneven.npz", x=x, y=x[:5])
    np.save("huge.npy", np.hstack([x[:, :2], np.full((300, 1), 1e39)]))
    x[0, 0], x[1, 1] = np.nan, np.inf
    np.save("nan.npy", x)
    for name in ("torn.npy", "torn.pt", "torn.safetensors"):
        Path(name).write_bytes(b"torn")
    Path("holes.csv").write_text("a,b,c\n1,2,3\n4,,6\n7,8,9\n")
    Path("broken.py").write_text("x = 1\ndef f(:\n")
    Path("imports.py").write_text("import not_there\n")
    assert diagnose(factory, *options.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    said = [line for line in err.splitlines() if line not in ("importing", "building")]
    assert len(said) == 1, err
    assert said[0].startswith("actscope: ")
    assert expected in said[0]


# --- as a process


def _process(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "actscope.cli", "diagnose", *arguments]
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"},
    )


@pytest.mark.parametrize(("name", "code"), [("healthy", 0), ("sick", 1), ("fails", 2)])
def test_exit_codes_of_the_process(here: Path, name: str, code: int) -> None:
    process = _process(f"my_model:{name}", "--data", "x.npy", "--json")
    out, err = process.communicate(timeout=120)
    assert process.returncode == code, err
    assert "Traceback" not in err
    assert (out == "") == (code == 2)


def test_ctrl_c(here: Path) -> None:
    process = _process("my_model:sleepy", "--data", "x.npy")
    assert process.stderr is not None
    while "asleep" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "actscope: stopped; nothing was kept.\n"
