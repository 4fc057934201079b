"""Bulk: the whole record in files, made beside the server and never in a request."""
