"""The manifest: which files there are of one position, and what they hold."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

FILE = "manifest.json"


@dataclass(frozen=True)
class Written:
    """A file that was written: its name, and what it holds.

    `rows` counts events, or rows of all tables.
    """

    name: str
    about: str
    media_type: str
    rows: int


@dataclass(frozen=True)
class Made(Written):
    """The same, and how its bytes are checked."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The files of one position of the log.

    `epoch` is the position of the last redaction that they heed, `day` that of which
    it is said in them what is in force.
    """

    position: int
    epoch: int
    recorded_at: str
    day: str
    code_version: int
    checkpoint: str
    files: tuple[Made, ...]

    @classmethod
    def read(cls, folder: Path) -> "Manifest | None":
        """Return the manifest of a folder, None if there is none that is whole."""
        try:
            members = json.loads((folder / FILE).read_text("utf-8"))
            files = tuple(Made(**each) for each in members.pop("files"))
            return cls(**members, files=files)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, folder: Path) -> None:
        """Write the manifest beside the files that it lists."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (folder / FILE).write_text(f"{text}\n", "utf-8")

    def file(self, name: str) -> Made | None:
        """Return the file of a name, or None."""
        return next((each for each in self.files if each.name == name), None)
