"""Browsee as its page https://docs.browsee.io describes it, for the sandbox in `shared/sandbox_server`."""
