"""How products are counted."""

from __future__ import annotations

from typing import Any

import pytest

from bench.limits import encoder_products, products_and_times

WEIGHTS = {"a/ConvTranspose": [8, 1, 3]}


def event(operator: str, inputs: list[list[int]], outputs: list[list[int]], microseconds: int = 5) -> dict[str, Any]:
    """What onnxruntime's profiler writes for one operator."""
    return {
        "cat": "Node",
        "name": f"a/{operator}_kernel_time",
        "dur": microseconds,
        "args": {
            "op_name": operator,
            "input_type_shape": [{"float": shape} for shape in inputs],
            "output_type_shape": [{"float": shape} for shape in outputs],
        },
    }


@pytest.mark.parametrize(
    ("operator", "inputs", "outputs", "products"),
    [
        ("MatMul", [[2, 3, 4], [4, 5]], [[2, 3, 5]], 2 * 3 * 4 * 5),
        ("MatMulIntegerToFloat", [[1, 3, 4], [], [5]], [[1, 3, 5]], 60),  # the weights were packed
        ("DynamicQuantizeMatMul", [[1, 3, 4], [5]], [[1, 3, 5]], 60),
        ("FusedMatMul", [[1, 7, 3], [7, 5]], [[1, 3, 5]], 105),  # the first is transposed
        ("Conv", [[1, 8, 20], [6, 8, 7]], [[1, 6, 20]], 6 * 20 * 8 * 7),
        ("ConvTranspose", [[1, 8, 20], [8]], [[1, 8, 40]], 8 * 20 * 3),  # likewise
        ("DynamicQuantizeLSTM", [[9, 1, 10], [2, 16]], [[9, 2, 1, 4], [2, 1, 4]], 9 * 2 * 16 * 14),
        ("Sin", [[1, 8, 20]], [[1, 8, 20]], 0),
    ],
)
def test_products_of_an_operator(
    operator: str, inputs: list[list[int]], outputs: list[list[int]], products: int
) -> None:
    """By its shapes; an operator that multiplies no matrices has none."""
    counted, microseconds = products_and_times(
        [event(operator, inputs, outputs), {"cat": "Session", "name": "run"}], WEIGHTS
    )
    assert counted.total() == products
    assert microseconds == {operator: 5}


def test_products_of_whispers_encoder() -> None:
    """Those of the base model for thirty seconds, reckoned by hand."""
    convolutions = 3000 * 512 * 240 + 1500 * 512 * 1536
    layer = 1500 * (3 + 1 + 8) * 512**2 + 2 * 1500 * 1500 * 512
    assert encoder_products(frames=1500, width=512, layers=6, mels=80) == convolutions + 6 * layer
