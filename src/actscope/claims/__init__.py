"""The claims of an introductory article about activation functions, each as an experiment."""

from ._claim import Claim as Claim
from ._claim import Outcome as Outcome
from ._numbers import Number as Number
from ._pictures import svg as svg
from ._registry import CLAIMS as CLAIMS
from ._report import counted as counted
from ._report import save as save
from ._report import to_json as to_json
from ._run import chosen as chosen
from ._run import names as names
from ._run import run as run
from ._verdict import VERDICTS as VERDICTS
from ._verdict import Verdict as Verdict
