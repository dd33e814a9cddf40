"""UXCam's sandbox: its two session APIs as their pages describe them."""
