"""DevRev's list of observability sessions as its page describes it, for `shared/sandbox_server`."""
