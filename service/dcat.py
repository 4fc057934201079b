"""The catalogue of data sets, in the terms of DCAT 3 (W3C) as JSON-LD."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from service.bulk.described import ABOUT, LICENCE, SOURCE, TITLE
from service.bulk.lists import TABLES, Table
from service.bulk.manifest import Made, Manifest

CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "prov": "http://www.w3.org/ns/prov#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
IANA = "https://www.iana.org/assignments/media-types/"
# Recorded as it becomes known, which is at no fixed time.
FREQUENCY = "http://publications.europa.eu/resource/authority/frequency/IRREG"
ENGLAND_AND_WALES = "http://statistics.data.gov.uk/id/statistical-geography/K04000001"
ENGLISH = "http://id.loc.gov/vocabulary/iso639-1/en"
OPEN_TO_ALL = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
KEYWORDS = ("police", "inspection", "HMICFRS", "PEEL", "accountability")
Node = dict[str, Any]


@dataclass(frozen=True)
class Catalogue:
    """What the catalogue tells of: where the record is, and how far it goes.

    `first_day` is the first of which it has a grade; `manifest` lists the bulk files,
    if there are any.
    """

    base: str
    recorded_at: str | None
    first_day: str | None
    manifest: Manifest | None

    def to_dict(self) -> Node:
        """Return the catalogue as JSON-LD."""
        catalogue = self._at("/v1/catalog")
        return {
            "@context": CONTEXT,
            "@id": catalogue,
            "@type": "dcat:Catalog",
            **self._common(TITLE, ABOUT),
            "foaf:homepage": {"@id": self._at("/")},
            "dcat:service": self._service(),
            "dcat:dataset": [self._whole(), *map(self._list, TABLES_OF_LISTS)],
        }

    def _service(self) -> Node:
        return {
            "@id": self._at("/v1"),
            "@type": "dcat:DataService",
            "dcterms:title": _said("The API"),
            "dcterms:license": {"@id": LICENCE["path"]},
            "dcat:endpointURL": {"@id": self._at("/v1")},
            "dcat:endpointDescription": {"@id": self._at("/openapi.yaml")},
            "dcat:landingPage": {"@id": self._at("/docs")},
            "dcat:servesDataset": [
                {"@id": self._at("/v1/bulk")},
                *({"@id": self._at(f"/v1/{each.address}")} for each in TABLES_OF_LISTS),
            ],
        }

    def _whole(self) -> Node:
        """Return the data set of all, as bulk files and as a feed."""
        made = self.manifest
        return {
            "@id": self._at("/v1/bulk"),
            "@type": "dcat:Dataset",
            **self._common("The whole record", f"{ABOUT} All of it, with its history."),
            "dcat:landingPage": {"@id": self._at("/docs/bulk")},
            **({"dcat:version": str(made.position)} if made else {}),
            "dcat:distribution": [*self._files(), self._feed()],
        }

    def _files(self) -> Iterator[Node]:
        for made in self.manifest.files if self.manifest else ():
            yield self._file(made)

    def _file(self, made: Made) -> Node:
        assert self.manifest
        address = self._at(f"/v1/bulk/{self.manifest.position}/{made.name}")
        return {
            **self._distribution(address, made.about, made.media_type),
            "dcterms:title": _said(made.name),
            "dcat:downloadURL": {"@id": address},
            "dcat:byteSize": _typed(str(made.bytes), "xsd:nonNegativeInteger"),
            "spdx:checksum": {
                "@type": "spdx:Checksum",
                "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                "spdx:checksumValue": _typed(made.sha256, "xsd:hexBinary"),
            },
        }

    def _feed(self) -> Node:
        about = "Every event, in order, also as it is recorded."
        address = self._at("/v1/events")
        return self._distribution(address, about, "application/json")

    def _list(self, table: "ListedTable") -> Node:
        address = f"/v1/{table.address}"
        return {
            "@id": self._at(address),
            "@type": "dcat:Dataset",
            **self._common(table.title, table.about),
            "dcat:landingPage": {"@id": self._at("/docs")},
            "dcterms:isPartOf": {"@id": self._at("/v1/bulk")},
            "dcat:distribution": [
                self._distribution(self._at(f"{address}.{form}"), table.about, media)
                for form, media in (("csv", "text/csv"), ("json", "application/json"))
            ],
        }

    def _distribution(self, address: str, about: str, media_type: str) -> Node:
        return {
            "@id": f"{address}#distribution",
            "@type": "dcat:Distribution",
            "dcterms:description": _said(about),
            "dcterms:license": {"@id": LICENCE["path"]},
            "dcat:accessURL": {"@id": address},
            "dcat:mediaType": {"@id": f"{IANA}{media_type}"},
        }

    def _common(self, title: str, about: str) -> Node:
        modified = self.recorded_at
        return {
            "dcterms:title": _said(title),
            "dcterms:description": _said(about),
            "dcterms:publisher": self._publisher(),
            "dcterms:license": {"@id": LICENCE["path"]},
            "dcterms:accessRights": {"@id": OPEN_TO_ALL},
            "dcterms:language": {"@id": ENGLISH},
            "dcterms:accrualPeriodicity": {"@id": FREQUENCY},
            "dcterms:spatial": {"@id": ENGLAND_AND_WALES},
            "dcterms:source": {"@id": SOURCE["path"]},
            "dcat:keyword": [_said(each) for each in KEYWORDS],
            **({"dcterms:temporal": self._period()} if self.first_day else {}),
            **(
                {"dcterms:modified": _typed(modified, "xsd:dateTime")}
                if modified
                else {}
            ),
        }

    def _publisher(self) -> Node:
        return {
            "@id": self._at("/"),
            "@type": "foaf:Agent",
            "foaf:name": "Copperplate",
        }

    def _period(self) -> Node:
        return {
            "@type": "dcterms:PeriodOfTime",
            "dcat:startDate": _typed(str(self.first_day), "xsd:date"),
        }

    def _at(self, path: str) -> str:
        return self.base + path


@dataclass(frozen=True)
class ListedTable:
    """A table that is a list of the API, and where it is."""

    name: str
    address: str
    about: str

    @property
    def title(self) -> str:
        """What it is called."""
        return self.name.replace("_", " ").capitalize()


def _listed(table: Table) -> ListedTable:
    address = "ratings/changes" if table.name == "grade_changes" else table.name
    return ListedTable(table.name, address, table.about)


TABLES_OF_LISTS = [_listed(each) for each in TABLES if each.whole is None]


def _said(text: str) -> Node:
    return {"@value": text, "@language": "en"}


def _typed(value: str, type: str) -> Node:
    return {"@value": value, "@type": type}
