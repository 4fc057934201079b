"""Measure everything, one part after the other: `python -m bench`."""

from bench import (
    append,
    bulk,
    growth,
    imports,
    imports_beside_reads,
    live,
    long_lists,
    proofs,
    reads,
    rebuild,
    verify,
    writes,
)

PARTS = (
    append,
    bulk,
    growth,
    proofs,
    reads,
    rebuild,
    imports,
    imports_beside_reads,
    live,
    long_lists,
    verify,
    writes,
)


def main() -> None:
    for part in PARTS:
        print(f"\n{part.__name__}: {(part.__doc__ or '').partition(chr(10))[0]}")
        part.main()


if __name__ == "__main__":
    main()
