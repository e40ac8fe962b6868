"""A number with everything that it depends on: without its protocol it is not a number."""

from dataclasses import asdict, dataclass

from jaxgan.errors import BadInput


@dataclass(frozen=True)
class Protocol:
    """How a number was measured. `str` is its name: fd50k-train-inception-tf, modes2k-ring."""

    metric: str
    samples: int
    """Generated ones."""
    net: str
    """Feature network, its resizer among it."""
    net_sha256: str
    """Of its weights."""
    split: str = ""
    """Of the real data: train or test; empty where the metric does not look at them."""
    real: int = 0
    """Real samples."""
    data_sha256: str = ""
    seed: int = 0
    """Of the latents and of every subset."""
    weights: str = "ema"
    """Of the generator: ema or raw, with +standing where its norms have statistics of their own."""
    truncation: float = 1.0
    """Of the latents; 1 is none."""
    path: str = ""
    """Of a path length: the space of the path, and the step along it."""

    def __str__(self) -> str:
        return "-".join(filter(None, (f"{self.metric}{_short(self.samples)}", self.path, self.split, self.net)))


@dataclass(frozen=True)
class Score:
    """A metric's value under a protocol. Comparing it with one of another protocol raises BadInput."""

    name: str
    protocol: Protocol
    value: float
    std: float | None = None
    """Over the metric's own subsets, where it draws some."""

    @property
    def title(self) -> str:
        """What people call it: FID, KID and IS of Inception's own weights alone, else its name."""
        return title(self.name, self.protocol.net)

    def __sub__(self, other: "Score") -> float:
        check_comparable(self, other)
        return self.value - other.value

    def __lt__(self, other: "Score") -> bool:
        return self - other < 0

    def __gt__(self, other: "Score") -> bool:
        return self - other > 0

    def __le__(self, other: "Score") -> bool:
        return self - other <= 0

    def __ge__(self, other: "Score") -> bool:
        return self - other >= 0

    def as_json(self) -> dict[str, str | float | None]:
        """{"name", "protocol", "value", "std"}."""
        return {"name": self.title, "protocol": str(self.protocol), "value": self.value, "std": self.std}


def title(metric: str, net: str) -> str:
    """What people call a metric through this feature network: FID, KID and IS of inception-tf, else its own name."""
    return {"fd": "FID", "kd": "KID", "cs": "IS"}.get(metric, metric) if net == "inception-tf" else metric


def check_comparable(a: Score, b: Score) -> None:
    """Raises BadInput, with both values, where the protocols of two Scores differ."""
    one, other = asdict(a.protocol), asdict(b.protocol)
    differ = [f"{name} {one[name]!r} and {other[name]!r}" for name in one if one[name] != other[name]]
    if differ:
        raise BadInput(
            f"{a.protocol} and {b.protocol} differ in {', '.join(differ)}: measure both under one protocol to compare them"
        )


def _short(count):
    return f"{count // 1000}k" if count and count % 1000 == 0 else str(count)
