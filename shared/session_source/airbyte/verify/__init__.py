"""``source-<vendor> verify``: checks the connector's assumptions about a vendor against a user's account."""
