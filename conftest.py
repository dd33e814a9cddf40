"""What all tests share: random cases that can be repeated."""

pytest_plugins = ["integration_tests.trials"]
