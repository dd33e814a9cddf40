"""DevRev's sandbox: its list of observability sessions as the page describes it."""
