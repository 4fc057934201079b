"""The log: immutable, hashed and signed; the formats that never change."""
