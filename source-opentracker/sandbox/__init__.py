"""Opentracker as its page describes it, for the sandbox in `shared/sandbox_server`."""
