"""How the service speaks HTTP. Knows no body, no rating, no programme."""
