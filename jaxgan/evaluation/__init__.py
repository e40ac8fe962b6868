"""What a trained GAN is worth: one pass of samples, every metric that applies, a diagnosis in words."""

from jaxgan.evaluation.diagnosis import Logits, Verdict, diagnose
from jaxgan.evaluation.evaluate import Evaluation, evaluate
from jaxgan.evaluation.periodic import PeriodicEvaluation

__all__ = ["Evaluation", "Logits", "PeriodicEvaluation", "Verdict", "diagnose", "evaluate"]
