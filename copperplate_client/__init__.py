"""A client of Copperplate records: lists, versions, feeds, bulk files and proofs."""

from copperplate_client.bulk import Downloaded
from copperplate_client.client import Client
from copperplate_client.events import Event
from copperplate_client.lists import Listing, Noun
from copperplate_client.problems import (
    BadAnswerError,
    CopperplateError,
    InvalidRequestError,
    NotFoundError,
    NotKnownThenError,
    ProblemError,
    RateLimitedError,
    UnavailableError,
    UnreachableError,
)

__all__ = [
    "BadAnswerError",
    "Client",
    "CopperplateError",
    "Downloaded",
    "Event",
    "InvalidRequestError",
    "Listing",
    "NotFoundError",
    "NotKnownThenError",
    "Noun",
    "ProblemError",
    "RateLimitedError",
    "UnavailableError",
    "UnreachableError",
]
