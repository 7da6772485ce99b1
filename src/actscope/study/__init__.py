"""A planned comparison: plan -> run -> statistics -> verdict -> page."""

from actscope.render import write_all as write_all
from actscope.study._drive import Interrupted as Interrupted
from actscope.study._result import Comparison as Comparison
from actscope.study._result import DataSummary as DataSummary
from actscope.study._result import Interval as Interval
from actscope.study._result import Pair as Pair
from actscope.study._result import Row as Row
from actscope.study._result import Verdict as Verdict
from actscope.study._result import Winner as Winner
from actscope.study._several import Comparisons as Comparisons
from actscope.study._several import InterruptedSeveral as InterruptedSeveral
from actscope.study._several import compare as compare
from actscope.study._several import holds_several as holds_several
from actscope.study._winner import LoadedWinner as LoadedWinner
from actscope.study._winner import load_winner as load_winner
from actscope.study.costs._estimate import Estimate as Estimate
from actscope.study.costs._estimate import Estimates as Estimates
from actscope.study.costs._estimate import estimate as estimate
from actscope.study.costs._estimate import estimate_several as estimate_several
from actscope.study.keeping._store import files_of as files_of
from actscope.study.keeping._store import save as save
from actscope.study.keeping._store import to_json as to_json
from actscope.study.models._compare import compare_models as compare_models
