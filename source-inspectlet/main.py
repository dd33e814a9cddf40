"""Runs the connector from its folder, as Airbyte's tools do: ``python main.py spec``."""

from source_inspectlet import run

if __name__ == "__main__":
    run()
