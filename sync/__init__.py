"""Load a connector's messages into a warehouse: behind ``make sync`` and the Kubernetes example."""
