"""Loads what a connector prints into a DuckDB file: the rows, and with them the state that covers them."""
