"""Sending requests to a vendor: credentials, retries, limits and deadlines."""
