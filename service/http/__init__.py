"""How the service speaks HTTP; knows no body, no rating, no plan."""
