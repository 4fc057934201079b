"""Webhooks, after Standard Webhooks 1.0.0: signed, in order, at least once."""
