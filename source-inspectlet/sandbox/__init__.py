"""Inspectlet as its API's page describes it, for the sandbox in `integration_tests/sandbox`."""
