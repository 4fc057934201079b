"""XML: elements of text that somebody else wrote, of which nothing is markup."""

import re
from xml.etree import ElementTree as Xml

# What XML 1.0 has no way to say, even escaped (section 2.2).
_UNSAYABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def add(
    parent: Xml.Element, name: str, text: str | None = None, **attributes: object
) -> Xml.Element:
    """Add an element; in the names of attributes `_` stands for a hyphen."""
    known = {
        key.rstrip("_").replace("_", "-"): sayable(str(value))
        for key, value in attributes.items()
    }
    element = Xml.SubElement(parent, name, known)
    element.text = sayable(text) if text is not None else None
    return element


def sayable(text: str) -> str:
    """Return a text with what XML cannot say replaced."""
    return _UNSAYABLE.sub("\ufffd", text)


def to_bytes(root: Xml.Element) -> bytes:
    """Write a document."""
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))
