"""Reading and changing an ONNX graph: the node that makes each value, and replacements of nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from onnx import GraphProto, NodeProto


class GraphEditor:
    """A graph being changed in place.

    Nodes are replaced by naming the value that they make. Replacements take effect together, in `finish`, so that
    until then every question is answered about the graph as it was.
    """

    def __init__(self, graph: GraphProto) -> None:
        self._graph = graph
        self._producers = {value: node for node in graph.node for value in node.output}
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._replacements: dict[str, Sequence[NodeProto]] = {}

    def nodes(self, operator: str) -> Iterator[NodeProto]:
        """The nodes of one operator, in the graph's order."""
        return (node for node in self._graph.node if node.op_type == operator)

    def producer(self, value: str) -> NodeProto | None:
        """The node that makes ``value``; None for inputs and constants."""
        return self._producers.get(value)

    def made_by(self, value: str, *operators: str) -> NodeProto | None:
        """The first node of the chain of ``operators``, linked by their first inputs, whose last makes ``value``."""
        node = None
        for operator in reversed(operators):
            node = self._producers.get(value)
            if node is None or node.op_type != operator:
                return None
            value = node.input[0]
        return node

    def operands(self, value: str, operator: str, first: str) -> tuple[NodeProto, str] | None:
        """Where ``value`` is a sum or product with one operand made by ``first``: that node, and the other operand.

        Args:
            value: the sum or product.
            operator: ``Add`` or ``Mul``, whose operands may stand in either order.
            first: the operator that makes the one operand.
        """
        node = self.made_by(value, operator)
        if node is not None:
            for one, other in (node.input, reversed(node.input)):
                made = self.made_by(one, first)
                if made is not None:
                    return made, other
        return None

    def constant(self, value: str) -> NDArray[Any] | None:
        """The content of ``value`` if it is a constant."""
        tensor = self._constants.get(value)
        return None if tensor is None else numpy_helper.to_array(tensor)

    def add_constant(self, name: str, content: NDArray[Any]) -> str:
        """Keep a constant under ``name``, which stands for one content only, and return the name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(content, name)
            self._graph.initializer.append(self._constants[name])
        return name

    def integers(self, *values: int) -> str:
        """The name of a constant of shape (n,) that holds ``values`` as int64."""
        return self.add_constant(f"integers {values}", np.array(values, np.int64))

    def integer(self, value: int) -> str:
        """The name of a constant scalar that holds ``value`` as int64."""
        return self.add_constant(f"integer {value}", np.array(value, np.int64))

    def replace(self, value: str, nodes: Sequence[NodeProto]) -> None:
        """Let ``nodes``, the last of which makes ``value``, take the place of the node that makes it now."""
        self._replacements[value] = nodes

    def finish(self) -> None:
        """Put the replacements in place, and remove the nodes and constants that nothing needs any more."""
        nodes = [new for node in self._graph.node for new in self._replacements.get(node.output[0], (node,))]
        needed = {output.name for output in self._graph.output}
        kept = []
        for node in reversed(nodes):
            if not needed.isdisjoint(node.output):
                needed.update(node.input)
                kept.append(node)
        del self._graph.node[:]
        self._graph.node.extend(reversed(kept))
        for index in reversed(range(len(self._graph.initializer))):
            if self._graph.initializer[index].name not in needed:
                del self._graph.initializer[index]


class NodeList:
    """Nodes written one after the other, whose values are named after the one that they lead to."""

    def __init__(self, result: str) -> None:
        self._result = result
        self.nodes: list[NodeProto] = []

    def add(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Append a node, and return the name of its output."""
        name = f"{self._result} < {len(self.nodes)} {operator}"
        self.nodes.append(helper.make_node(operator, inputs, [name], domain=domain, **attributes))
        return name

    def end(self) -> list[NodeProto]:
        """The nodes, the last of which now makes the value that they lead to."""
        self.nodes[-1].output[0] = self._result
        return self.nodes


def attributes_of(node: NodeProto) -> dict[str, Any]:
    """The values of a node's attributes by their names."""
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
