"""Graded, categorised, quantified appraisal (分级、分类、量化考核), with how sure it is."""

from gridgeo.services.assessment.appraise import PERIOD_DAYS, Appraisal, appraise
from gridgeo.services.assessment.layer import assessment_layer, grade_counts
from gridgeo.services.assessment.metrics import METRICS
from gridgeo.services.assessment.units import LEVELS

__all__ = [
    "LEVELS",
    "METRICS",
    "PERIOD_DAYS",
    "Appraisal",
    "appraise",
    "assessment_layer",
    "grade_counts",
]
