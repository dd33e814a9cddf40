"""The specification: what is required, then a vendor's own options, then those that all connectors share."""

from importlib import resources
from typing import Any

import yaml
from airbyte_cdk.models import ConnectorSpecification, ConnectorSpecificationSerializer


def load(package: str, window_days: int, workers: int) -> ConnectorSpecification:
    """Return the spec of a connector.

    Args:
        package: the vendor's package; its ``spec.yaml`` has the vendor's own properties.
        window_days: the vendor's default of ``window_in_days``.
        workers: the vendor's default of ``num_workers``; if it is 1, the spec does not offer the property.
    """
    spec: dict[str, Any] = yaml.safe_load((resources.files(package) / "spec.yaml").read_bytes())
    shared: dict[str, Any] = yaml.safe_load((resources.files("session_source.airbyte") / "spec.yaml").read_bytes())
    shared["window_in_days"]["default"] = window_days
    shared["num_workers"]["default"] = workers
    if workers == 1:
        del shared["num_workers"]
    schema = spec["connectionSpecification"]
    schema["required"] = [*schema.get("required", []), "start_date"]
    properties = schema["properties"] | shared
    required_first = sorted(properties, key=lambda name: name not in schema["required"])
    schema["properties"] = {name: properties[name] for name in required_first}
    for order, part in enumerate(schema["properties"].values()):
        part["order"] = order
    schema.setdefault("additionalProperties", True)
    loaded: ConnectorSpecification = ConnectorSpecificationSerializer.load(spec)
    return loaded
