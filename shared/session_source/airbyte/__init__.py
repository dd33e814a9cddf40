"""The Airbyte connector: commands, config, catalog, metrics."""
