"""Addresses of clients: of the socket, or as trusted proxies give them."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any

from flask import request

from service.context import record

UNKNOWN = "unknown"  # As on a socket that is a file.
LONGEST = 100  # Characters of an address with its zone and blanks.


def client_address() -> str:
    """Return what tells a client from others: its address, or its IPv6 network."""
    proxies = record().settings.trusted_proxies
    return address_of(request.environ, proxies)


def address_of(environ: Mapping[str, Any], proxies: int) -> str:
    """Return the address from which the outermost of so many proxies was asked.

    What stands before it in X-Forwarded-For anybody may have written.
    """
    socket = environ.get("REMOTE_ADDR") or ""
    if not proxies:
        return (_parsed(socket) if len(socket) <= LONGEST else None) or UNKNOWN
    # However much was sent, only as much is looked at as is trusted.
    passed = environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", proxies)
    chain = [*map(_known, passed[-proxies:]), _known(socket)]
    # Fewer than there should be: a proxy does not do what it was set up for.
    told = chain[-1 - proxies] if proxies < len(chain) else None
    return told or chain[-1] or UNKNOWN


def _known(text: str) -> str | None:
    """Return an address in its one form; of IPv6 the network that one client has."""
    return _parsed(text) if len(text) <= LONGEST else None


@lru_cache(4096)
def _parsed(text: str) -> str | None:
    try:
        found = ip_address(text.strip().strip("[]"))
    except ValueError:
        return None
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Network((found.packed, 64), strict=False))
