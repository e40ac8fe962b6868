"""Images that networks reach by doublings: H = a 2^n and W = b 2^n, from a x b pixels on."""

from collections.abc import Sequence
from typing import NamedTuple

from jaxgan.errors import BadInput

_FEWEST, _MOST = 2, 8  # pixels of a side that the doublings may begin at
_ANY = tuple(range(1, 20))  # how many doublings there may be


class Pyramid(NamedTuple):
    """Sizes from the smallest feature map on."""

    first: tuple[int, int]  # (a, b)
    doublings: int  # n

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.first[0] << self.doublings, self.first[1] << self.doublings


def both(resolution: int | tuple[int, int]) -> tuple[int, int]:
    """(H, W), of one number for squares."""
    return (resolution, resolution) if isinstance(resolution, int) else (resolution[0], resolution[1])


def pyramid(resolution: int | tuple[int, int], doublings: Sequence[int] = _ANY) -> Pyramid | None:
    """The Pyramid of (H, W), or of a square, with one of so many doublings; None where there is none.

    4 x 4 for squares of 4 2^n: halved until the smaller side has 4 to 7 pixels, and further where the larger has more than 8;
    where that is not allowed, as often as is.
    """
    (height, width), count = both(resolution), 0
    while height % 2 == width % 2 == 0 and (min(height, width) >= 8 or max(height, width) > _MOST):
        height, width, count = height // 2, width // 2, count + 1
    if count in doublings and _fits(height, width):
        return Pyramid((height, width), count)
    height, width = both(resolution)
    for count in () if doublings == _ANY else doublings:
        if height % (1 << count) == width % (1 << count) == 0 and _fits(height >> count, width >> count):
            return Pyramid((height >> count, width >> count), count)
    return None


def checked(family: str, shape: tuple[int, ...], doublings: Sequence[int] = _ANY) -> Pyramid:
    """The Pyramid of images of shape (H, W, C). Raises BadInput, with the nearest size that has one, where there is none."""
    if len(shape) != 3:
        raise BadInput(f"{family} is for images, not for samples of shape {tuple(shape)}: train ring, or give images")
    found = pyramid(shape[:2], doublings)
    if found is None:
        height, width, _ = shape
        count = "1" if doublings == _ANY else f"{doublings[0]} to {doublings[-1]}"
        raise BadInput(
            f"{family} makes images of a 2^n x b 2^n pixels, a and b from 2 to 8 and n from {count}, not {height}x{width}: set "
            f"{flags(nearest(height, width, doublings))}"
        )
    return found


def nearest(height: int, width: int, doublings: Sequence[int] = _ANY) -> tuple[int, int]:
    """The smallest (H, W) with a Pyramid of so many doublings that both fit into; else the largest square of 4 2^n."""
    fits = []
    for count in doublings:
        a, b = (max(_FEWEST, -(-side >> count)) for side in (height, width))  # rounded up
        if _fits(a, b):
            fits.append((a << count, b << count))
    known = [size for size in fits if pyramid(size, doublings)]
    return min(known, key=lambda size: size[0] * size[1], default=both(4 << max(doublings)))


def flags(size: tuple[int, int]) -> str:
    """What brings images to this size."""
    height, width = size
    return f"--resolution {height}" + ("" if height == width else f" --aspect {width / height:g}")


def _fits(a, b):
    return min(a, b) >= _FEWEST and max(a, b) <= _MOST
