"""DevRev's list of observability sessions as its page describes it, for `integration_tests/sandbox`."""
