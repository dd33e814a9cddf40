"""HTTP: sends requests to a vendor, with credentials, retries, limits and deadlines."""
