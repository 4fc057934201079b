"""The founding import as a process of its own, which tests may kill."""

from service import start
from service.config import Settings
from service.record import Record


def main() -> None:
    record = Record.open(Settings.from_environment())
    start.found(record)
    record.close()


if __name__ == "__main__":
    main()
