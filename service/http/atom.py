"""Atom feeds (RFC 4287), in pages from the newest back (RFC 5005)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5
from xml.etree import ElementTree as Xml

from service.http.xml import add, to_bytes

MEDIA_TYPE = "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
HISTORY = "http://purl.org/syndication/history/1.0"
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
    is_archive: bool = False


def to_atom(feed: Feed, entries: Iterable[Entry]) -> bytes:
    """Write a page of a feed."""
    spaces = {"xmlns": NAMESPACE, "xmlns:fh": HISTORY}
    root = Xml.Element("feed", {**spaces, "xml:lang": "en"})
    add(root, "id", id_of(feed.name))
    add(root, "title", feed.title)
    add(root, "subtitle", feed.subtitle)
    add(root, "updated", feed.updated)
    add(add(root, "author"), "name", feed.author)
    add(root, "rights", feed.rights)
    if feed.is_archive:
        add(root, "fh:archive")
    _link(root, feed.links)
    for entry in entries:
        _add_entry(root, entry)
    return to_bytes(root)


def id_of(name: str) -> str:
    """Return the id of what has this name: the same on every server, for ever."""
    return uuid5(NAMESPACE_URL, name).urn


def _add_entry(root: Xml.Element, entry: Entry) -> None:
    element = Xml.SubElement(root, "entry")
    add(element, "id", id_of(entry.name))
    add(element, "title", entry.title)
    add(element, "published", entry.published)
    add(element, "updated", entry.updated)
    add(element, "summary", entry.summary)
    for term in entry.categories:
        add(element, "category", term=term)
    _link(element, entry.links)


def _link(parent: Xml.Element, links: Sequence[Link]) -> None:
    for relation, address in links:
        add(parent, "link", rel=relation, href=address)
