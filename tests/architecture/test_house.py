"""The house rules that a machine can check."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import actscope as act

ROOT = Path(__file__).parents[2]


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_imports_go_downward_only(tmp_path: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(linter), "--cache-dir", str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_an_import_upward_would_be_seen(tmp_path: Path) -> None:
    """The contract can fail: a catalogue that imports torch is caught."""
    import shutil

    shutil.copytree(ROOT / "src", tmp_path / "src")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    bad = tmp_path / "src" / "actscope" / "catalogue" / "_bad.py"
    bad.write_text("def f() -> None:\n    import actscope.study\n")
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'src')!r});"
         f"sys.argv = [{str(linter)!r}, '--no-cache'];"
         f"exec(open({str(linter)!r}).read())"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "actscope.catalogue is not allowed to import actscope.study" in done.stdout


def test_importing_actscope_is_free() -> None:
    heavy = "{'torch', 'sympy', 'sklearn', 'pandas', 'numpy', 'scipy', 'matplotlib', 'rich'}"
    assert python(f"import sys, actscope; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_public_names_are_exactly_these_and_all_resolve() -> None:
    assert sorted(act.__all__) == sorted([
        "ActscopeError", "Comparison", "Comparisons", "DataError", "EngineError", "Ensemble",
        "Finding", "FormulaError", "HealthReport", "Learned", "Neuron", "Playground", "Record",
        "SettingError", "StoreError", "UnhealthyModel", "UnknownActivation", "__version__",
        "assert_healthy", "compare", "compare_models", "declare", "define", "diagnose",
        "functional", "gain", "get", "init_", "load_winner", "module", "names", "nn", "plot",
        "poster", "precise", "swap", "train_ensemble", "watch",
    ])  # fmt: skip
    for name in act.__all__:
        assert getattr(act, name) is not None
    assert set(act.__all__) <= set(dir(act))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        act.nonsense  # noqa: B018


def test_errors_are_also_the_built_in_ones() -> None:
    with pytest.raises(KeyError):
        act.get("gelo")
    with pytest.raises(ValueError, match="seeds"):
        act.train_ensemble([[0.0], [1.0]], [0, 1], seeds=0)
    assert issubclass(act.UnhealthyModel, AssertionError)
    with pytest.raises(act.ActscopeError, match="Did you mean 'gelu'"):
        act.get("gelo")
