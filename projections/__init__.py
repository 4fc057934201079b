"""The read side: tables made from the public log, and the queries on them."""
