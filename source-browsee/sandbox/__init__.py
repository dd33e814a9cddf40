"""Browsee's sandbox: its API as https://docs.browsee.io describes it."""
