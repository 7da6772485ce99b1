"""actscope: see, compare, diagnose and repair the activation functions of neural networks.

Importing it is free: each name loads what it needs when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from actscope._version import __version__ as __version__

if TYPE_CHECKING:
    from actscope import nn as nn
    from actscope.catalogue import Learned as Learned
    from actscope.catalogue import Record as Record
    from actscope.catalogue import define as define
    from actscope.catalogue import gain as gain
    from actscope.catalogue import get as get
    from actscope.catalogue import names as names
    from actscope.diagnosis import Finding as Finding
    from actscope.diagnosis import HealthReport as HealthReport
    from actscope.diagnosis import assert_healthy as assert_healthy
    from actscope.diagnosis import diagnose as diagnose
    from actscope.diagnosis import watch as watch
    from actscope.ensemble import Ensemble as Ensemble
    from actscope.ensemble import train_ensemble as train_ensemble
    from actscope.errors import ActscopeError as ActscopeError
    from actscope.errors import DataError as DataError
    from actscope.errors import EngineError as EngineError
    from actscope.errors import FormulaError as FormulaError
    from actscope.errors import SettingError as SettingError
    from actscope.errors import StoreError as StoreError
    from actscope.errors import UnhealthyModel as UnhealthyModel
    from actscope.errors import UnknownActivation as UnknownActivation
    from actscope.gallery import plot as plot
    from actscope.gallery import poster as poster
    from actscope.neuron import Neuron as Neuron
    from actscope.nn import functional as functional
    from actscope.nn import module as module
    from actscope.nn import precise as precise
    from actscope.sites import declare as declare
    from actscope.sites import init_ as init_
    from actscope.sites import swap as swap
    from actscope.study import Comparison as Comparison
    from actscope.study import Comparisons as Comparisons
    from actscope.study import compare as compare
    from actscope.study import compare_models as compare_models
    from actscope.study import load_winner as load_winner
    from actscope.web import Playground as Playground

# Public name -> the room it lives in. A room's own name stands for the room itself.
_HOMES = {
    "ActscopeError": "errors",
    "Comparison": "study",
    "Comparisons": "study",
    "DataError": "errors",
    "EngineError": "errors",
    "Ensemble": "ensemble",
    "Finding": "diagnosis",
    "FormulaError": "errors",
    "HealthReport": "diagnosis",
    "Learned": "catalogue",
    "Neuron": "neuron",
    "Playground": "web",
    "Record": "catalogue",
    "SettingError": "errors",
    "StoreError": "errors",
    "UnhealthyModel": "errors",
    "UnknownActivation": "errors",
    "assert_healthy": "diagnosis",
    "compare": "study",
    "compare_models": "study",
    "declare": "sites",
    "define": "catalogue",
    "diagnose": "diagnosis",
    "functional": "nn",
    "gain": "catalogue",
    "get": "catalogue",
    "init_": "sites",
    "load_winner": "study",
    "module": "nn",
    "names": "catalogue",
    "nn": "nn",
    "plot": "gallery",
    "poster": "gallery",
    "precise": "nn",
    "swap": "sites",
    "train_ensemble": "ensemble",
    "watch": "diagnosis",
}

__all__ = [
    "ActscopeError",
    "Comparison",
    "Comparisons",
    "DataError",
    "EngineError",
    "Ensemble",
    "Finding",
    "FormulaError",
    "HealthReport",
    "Learned",
    "Neuron",
    "Playground",
    "Record",
    "SettingError",
    "StoreError",
    "UnhealthyModel",
    "UnknownActivation",
    "__version__",
    "assert_healthy",
    "compare",
    "compare_models",
    "declare",
    "define",
    "diagnose",
    "functional",
    "gain",
    "get",
    "init_",
    "load_winner",
    "module",
    "names",
    "nn",
    "plot",
    "poster",
    "precise",
    "swap",
    "train_ensemble",
    "watch",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'actscope' has no attribute {name!r}")
    module = import_module(f"actscope.{home}")
    value = module if name == home else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
