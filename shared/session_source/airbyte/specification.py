"""The specification: a vendor's own properties, and after them those that all connectors share."""

from importlib import resources
from typing import Any

import yaml
from airbyte_cdk.models import ConnectorSpecification, ConnectorSpecificationSerializer


def load(package: str, window_days: int, workers: int) -> ConnectorSpecification:
    """Put the spec of a connector together.

    Args:
        package: the vendor's package; its ``spec.yaml`` holds what is the vendor's own.
        window_days: the vendor's default of ``window_in_days``.
        workers: the vendor's default of ``num_workers``; with 1 it is no option.
    """
    spec: dict[str, Any] = yaml.safe_load((resources.files(package) / "spec.yaml").read_bytes())
    shared: dict[str, Any] = yaml.safe_load((resources.files("session_source.airbyte") / "spec.yaml").read_bytes())
    shared["window_in_days"]["default"] = window_days
    shared["num_workers"]["default"] = workers
    if workers == 1:
        del shared["num_workers"]
    schema = spec["connectionSpecification"]
    schema["properties"] |= shared
    for order, part in enumerate(schema["properties"].values()):
        part["order"] = order
    schema["required"] = [*schema.get("required", []), "start_date"]
    schema.setdefault("additionalProperties", True)
    loaded: ConnectorSpecification = ConnectorSpecificationSerializer.load(spec)
    return loaded
