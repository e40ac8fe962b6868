"""What a linear layer can read off features: multinomial logistic regression, its weight decay chosen on labels of its own."""

from typing import NamedTuple

import numpy as np
from jax.typing import ArrayLike

from jaxgan.errors import BadInput

DECAYS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
_PART = 5  # every fifth label of a class chooses the weight decay


class Linear(NamedTuple):
    """Class logits of features: ((features - mean) / std) @ kernel + bias."""

    mean: np.ndarray  # [F]
    std: np.ndarray  # [F]
    kernel: np.ndarray  # [F, K]
    bias: np.ndarray  # [K]

    def __call__(self, features: ArrayLike) -> np.ndarray:
        """float [N, K]."""
        return (np.asarray(features) - self.mean) / self.std @ self.kernel + self.bias


def logistic(features: ArrayLike, label: ArrayLike, classes: int, decay: float) -> Linear:
    """Linear that minimises mean cross entropy + decay / 2 times the squares of its kernel, of standardised features [N, F].

    By L-BFGS (Liu & Nocedal 1989). label: int [N]. Raises BadInput where features and labels are not as many.
    """
    x, y = np.asarray(features, np.float32), np.asarray(label)
    if x.shape[0] != y.shape[0] or not x.size:
        raise BadInput(f"{x.shape[0]} features and {y.shape[0]} labels: give one label for each, and some")
    mean, std = x.mean(axis=0), x.std(axis=0)
    std = np.where(std > 1e-6 * max(float(std.max()), 1e-12), std, 1).astype(np.float32)  # of what never moves: nothing
    kernel, bias = _minimised(np.float64((x - mean) / std), y, classes, decay)
    return Linear(mean, std, kernel, bias)


def probe(features: ArrayLike, label: ArrayLike, classes: int) -> tuple[Linear, float]:
    """(Linear, the weight decay of DECAYS that it has): the best on every fifth of each class's labels, then of all labels.

    Raises BadInput as `logistic` does, and for a class with fewer than two labels.
    """
    x, y = np.asarray(features, np.float32), np.asarray(label)
    chosen = np.zeros(len(y), bool)
    for number in range(classes):
        own = np.flatnonzero(y == number)
        if len(own) < 2:
            raise BadInput(f"class {number} has {len(own)} labels, and a probe takes 2 at least: give more")
        chosen[own[: -(-len(own) // _PART)]] = True
    found = []
    for decay in DECAYS:
        linear = logistic(x[~chosen], y[~chosen], classes, decay)
        found.append(float(np.mean(linear(x[chosen]).argmax(axis=1) == y[chosen])))
    best = DECAYS[max(range(len(DECAYS)), key=lambda i: (found[i], DECAYS[i]))]  # of equal ones the stronger
    return logistic(x, y, classes, best), best


def _minimised(x, y, classes, decay):
    from scipy.optimize import minimize

    one_hot = np.eye(classes)[y]

    def loss(flat):
        kernel, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        logits = x @ kernel + bias
        top = logits.max(axis=1, keepdims=True)
        log_sum = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
        wrong = (np.exp(logits - log_sum) - one_hot) / len(y)
        value = np.mean(log_sum[:, 0] - logits[np.arange(len(y)), y]) + decay / 2 * np.sum(kernel**2)
        return value, np.concatenate([(x.T @ wrong + decay * kernel).ravel(), wrong.sum(axis=0)])

    flat = minimize(loss, np.zeros((x.shape[1] + 1) * classes), jac=True, method="L-BFGS-B").x
    return flat[:-classes].reshape(-1, classes), flat[-classes:]
