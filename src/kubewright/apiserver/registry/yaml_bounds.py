"""What a YAML document would become, told from its events before anything is built of them.

libyaml builds nodes by recursion in C and aliases let a kilobyte stand for gigabytes, so depth and size are bounded
first.  The limit on aliases is in the spirit of go-yaml's, which Kubernetes reads YAML with.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

MAX_NODES = 1_000_000
"""Nodes that a document may have once its aliases are followed; a body of 3 MiB without aliases has fewer."""


@dataclass(slots=True)
class _Node:
    """A node that is being read, or that an alias may stand for: nodes and levels in it, itself included."""

    anchor: str | None
    size: int = 1
    height: int = 1

    def add(self, child: _Node) -> None:
        self.size += child.size
        self.height = max(self.height, child.height + 1)


def check_bounds(text: str, *, max_depth: int) -> None:
    """Refuse a document that nests too deep, grows too big, or contains itself; others may follow the first.

    :raises yaml.YAMLError: it does, or is not well-formed.
    """
    anchors: dict[str, _Node] = {}
    open_nodes = [_Node(None)]
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        match event:
            case yaml.CollectionStartEvent():
                open_nodes.append(_Node(event.anchor))
                if len(open_nodes) > max_depth + 1:
                    raise yaml.YAMLError(f"exceeded max depth of {max_depth}")
                continue
            case yaml.CollectionEndEvent():
                node = open_nodes.pop()
            case yaml.AliasEvent():
                anchor = event.anchor or ""
                if any(one.anchor == anchor for one in open_nodes):
                    raise yaml.YAMLError(f"anchor '{anchor}' value contains itself")
                node = anchors.get(anchor, _Node(None))  # An unknown one is refused when the node is built.
            case yaml.ScalarEvent():
                node = _Node(event.anchor)
            case yaml.DocumentEndEvent():
                return
            case _:
                continue
        if node.anchor is not None:
            anchors[node.anchor] = node
        open_nodes[-1].add(node)
        if open_nodes[-1].size > MAX_NODES:
            raise yaml.YAMLError("document contains excessive aliasing")
        if len(open_nodes) + node.height > max_depth + 2:
            raise yaml.YAMLError(f"exceeded max depth of {max_depth}")
