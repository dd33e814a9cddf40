"""UXCam as its two session APIs describe themselves, for the sandbox in `integration_tests/sandbox`."""
