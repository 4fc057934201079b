"""How the OpenAPI document is written as YAML: what is short stands on one line."""

from typing import Any

import yaml

from service.http.examples import Shown

SHORT = 130  # Characters that may stand on one line of the document.


class Dumper(yaml.SafeDumper):
    """Writes text of several lines as it is, and what is short on one line."""

    def represent_mapping(self, *args: Any, **kwargs: Any) -> yaml.MappingNode:
        """Return the node of an object; a short one takes one line."""
        node = super().represent_mapping(*args, **kwargs)
        _flow_if_short(node, [each for pair in node.value for each in pair])
        return node

    def represent_sequence(self, *args: Any, **kwargs: Any) -> yaml.SequenceNode:
        """Return the node of a list; a short one takes one line."""
        node = super().represent_sequence(*args, **kwargs)
        _flow_if_short(node, node.value)
        return node


def _flow_if_short(node: yaml.CollectionNode, below: list[yaml.Node]) -> None:
    lengths = [_length(each) for each in below]
    is_short = sum(lengths) + 2 * len(lengths) <= SHORT
    node.flow_style = is_short and None not in map(_flow, below)


def _length(node: yaml.Node) -> int:
    if isinstance(node, yaml.ScalarNode):
        return len(node.value)
    parts = node.value if isinstance(node, yaml.SequenceNode) else sum(node.value, ())
    return sum(_length(each) + 2 for each in parts)


def _flow(node: yaml.Node) -> bool | None:
    """Whether a node takes one line; None if it takes several."""
    is_block = isinstance(node, yaml.CollectionNode) and not node.flow_style
    return None if is_block or "\n" in str(node.value) else True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


Dumper.add_representer(str, _text)


def _shown(dumper: yaml.SafeDumper, value: Shown) -> yaml.MappingNode:
    tag = "tag:yaml.org,2002:map"
    return yaml.SafeDumper.represent_mapping(dumper, tag, value, flow_style=True)


Dumper.add_representer(Shown, _shown)
