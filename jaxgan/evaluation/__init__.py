"""What a trained GAN is worth: one pass of samples, every metric that applies, a diagnosis in words."""

from jaxgan.evaluation.diagnosis import Logits, Verdict, diagnose
from jaxgan.evaluation.evaluate import Evaluation, evaluate
from jaxgan.evaluation.extension import Extended, extend
from jaxgan.evaluation.periodic import PeriodicEvaluation
from jaxgan.evaluation.probe import Probed, probe

__all__ = [
    "Evaluation",
    "Extended",
    "Logits",
    "PeriodicEvaluation",
    "Probed",
    "Verdict",
    "diagnose",
    "evaluate",
    "extend",
    "probe",
]
