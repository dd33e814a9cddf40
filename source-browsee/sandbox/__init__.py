"""Browsee as its page https://docs.browsee.io describes it, for the sandbox in `integration_tests/sandbox`."""
