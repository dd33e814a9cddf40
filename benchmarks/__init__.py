"""This project beside other ways to build the same connectors: the same work, the same server, one table."""
