"""Each sample against its own target: translated, enhanced, inpainted images."""

from jaxgan import metrics
from jaxgan.data.dataset import LABEL
from jaxgan.evaluation.distribution import score

BETTER = {"l1": "lower", "psnr": "higher", "ssim": "higher"}
CHEAP = ("l1", "psnr", "ssim")
MOST_DB = 100.0  # of equal images it is infinite
_LEAST = 11  # pixels a side that SSIM's window takes


def applies(config, specs):
    """Whether G makes an image of something else that is given, a pair."""
    others = set(config.given) - {LABEL}
    return specs[config.real].modality == "image" and bool(others) and not others & set(config.unpaired)


def all_of(context, fake, real):
    """Scores of uint8 images [N, H, W, C] against their targets; a PSNR above MOST_DB counts as that."""
    values = {"l1": metrics.l1(fake, real), "psnr": min(metrics.psnr(fake, real), MOST_DB)}
    if min(real.shape[1:3]) >= _LEAST:
        values["ssim"] = metrics.ssim(fake, real)
    return [score(context, name, float(value), len(fake), len(real)) for name, value in values.items()]
