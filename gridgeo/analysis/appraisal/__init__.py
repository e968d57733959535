"""How well a grid did, and how sure that is: no ranking by chance, no mean of percentages."""

from gridgeo.analysis.appraisal.funnel import funnel, over_dispersion
from gridgeo.analysis.appraisal.grades import GRADES, grades
from gridgeo.analysis.appraisal.levels import roll_up
from gridgeo.analysis.appraisal.metric import Metric
from gridgeo.analysis.appraisal.shrink import BetaPrior, fit_beta, shrunk_shares
from gridgeo.analysis.appraisal.standardise import observed_over_expected, ratio_interval

__all__ = [
    "GRADES",
    "BetaPrior",
    "Metric",
    "fit_beta",
    "funnel",
    "grades",
    "observed_over_expected",
    "over_dispersion",
    "ratio_interval",
    "roll_up",
    "shrunk_shares",
]
