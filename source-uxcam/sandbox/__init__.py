"""UXCam as its two session APIs describe themselves, for the sandbox in `shared/sandbox_server`."""
