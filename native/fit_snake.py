"""Print the coefficients of snake.h: sin²(π r) as a polynomial in z = r², for r from -1/2 to 1/2."""

from __future__ import annotations

import numpy as np

DEGREE = 6
NODES = 400


def coefficients() -> list[float]:
    """Of z, z², … : the fit that weighs the nodes evenly in error, rounded to float32 from the highest down."""
    z = (1 - np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)) / 8  # in 0 to 1/4
    wanted = np.sin(np.pi * np.sqrt(z)) ** 2
    fixed: list[float] = []
    for power in range(1, DEGREE + 1):
        powers = range(power, DEGREE + 1)
        left = wanted - sum(value * z ** (index + 1) for index, value in enumerate(fixed))
        found = np.linalg.lstsq(np.stack([z**each for each in powers], 1), left, rcond=None)[0]
        fixed.append(float(np.float32(found[0])))
    return fixed


if __name__ == "__main__":
    found = coefficients()
    z = np.linspace(0, 0.25, 100001)
    fitted = sum(value * z ** (index + 1) for index, value in enumerate(found))
    for power, value in enumerate(found, 1):
        print(f"z^{power}: {value:.9g}")  # noqa: T201
    print(f"largest error: {np.abs(fitted - np.sin(np.pi * np.sqrt(z)) ** 2).max():.1e}")  # noqa: T201
