"""Opentracker as its page describes it, for the sandbox in `integration_tests/sandbox`."""
