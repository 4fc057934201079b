"""Imports: files of facts, read row by row, through the same rules as everything."""
