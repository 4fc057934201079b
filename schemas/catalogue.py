"""The schema of the data of every event type. List new modules here."""

from schemas import bodies, inspections, programmes, ratings
from schemas.events import DATA_SCHEMAS

__all__ = ["DATA_SCHEMAS", "bodies", "inspections", "programmes", "ratings"]
