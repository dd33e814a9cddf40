"""From a connector's messages to a warehouse: the loader behind ``make sync`` and the Kubernetes example."""
