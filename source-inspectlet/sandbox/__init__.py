"""Inspectlet's sandbox: its API as its page describes it."""
