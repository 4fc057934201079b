"""Atom feeds (RFC 4287), in pages from the newest back (RFC 5005, section 3)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as Xml

MEDIA_TYPE = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
# What XML 1.0 has no way to say, even escaped (section 2.2).
_UNSAYABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
Link = tuple[str, str]  # Its relation and its address.


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `name` is its stable name, of which the id is made."""

    name: str
    title: str
    published: str
    updated: str
    summary: str
    categories: Sequence[str]
    links: Sequence[Link]


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of a feed; its address is that without times and pages."""

    name: str
    title: str
    subtitle: str
    author: str
    rights: str
    updated: str
    links: Sequence[Link]


def to_atom(feed: Feed, entries: Iterable[Entry]) -> bytes:
    """Write a page of a feed."""
    root = Xml.Element("feed", {"xmlns": NAMESPACE, "xml:lang": "en"})
    _add(root, "id", id_of(feed.name))
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.subtitle)
    _add(root, "updated", feed.updated)
    _add(Xml.SubElement(root, "author"), "name", feed.author)
    _add(root, "rights", feed.rights)
    _link(root, feed.links)
    for entry in entries:
        _add_entry(root, entry)
    return bytes(Xml.tostring(root, encoding="utf-8", xml_declaration=True))


def id_of(name: str) -> str:
    """Return the id of what has this name: the same on every server, for ever."""
    return uuid5(NAMESPACE_URL, name).urn


def _add_entry(root: Xml.Element, entry: Entry) -> None:
    element = Xml.SubElement(root, "entry")
    _add(element, "id", id_of(entry.name))
    _add(element, "title", entry.title)
    _add(element, "published", entry.published)
    _add(element, "updated", entry.updated)
    _add(element, "summary", entry.summary)
    for term in entry.categories:
        Xml.SubElement(element, "category", {"term": term})
    _link(element, entry.links)


def _add(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = _UNSAYABLE.sub("\ufffd", text)


def _link(parent: Xml.Element, links: Sequence[Link]) -> None:
    for relation, address in links:
        Xml.SubElement(parent, "link", {"rel": relation, "href": address})
