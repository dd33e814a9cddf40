"""Inspectlet as its API's page describes it, for the sandbox in `shared/sandbox_server`."""
