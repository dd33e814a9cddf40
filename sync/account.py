"""Accounts: whether a config reads the same account as the rows that are in a schema already.

What is kept are hashes. Dates, speed and filters of a config may change, and keys may be rotated: none of these
makes it another account.
"""

import hashlib
from typing import Any

from sync.messages import Json, dumps

SHARED = {
    "start_date",
    "end_date",
    "lookback_window_days",
    "window_in_days",
    "num_workers",
    "max_waiting_time",
    "base_url",
}
"""Properties that say when and how to read, not what."""


def api_version(specification: Json, config: Json) -> str | None:
    """Return which of a vendor's APIs a config reads; None where there is one."""
    declared = specification["properties"].get("api")
    if declared is None:
        return None
    version = config.get("api", {}).get("version") or declared.get("default", {}).get("version")
    return None if version is None else str(version)


def identity(specification: Json, config: Json) -> Json:
    """Return what tells an account from others.

    ``marks`` are hashes; two configs read the same account if they have one in common:

    - of the names in the config (an app's id, a login), all together, where there are any;
    - else of each element of a list that the vendor requires (DevRev's apps);
    - else of each secret (Browsee): of two keys one may be rotated at a time.
    """
    properties: dict[str, Json] = specification["properties"]
    own = {name: value for name, value in config.items() if name in properties and name not in SHARED}
    secrets = {name: value for name, value in own.items() if properties[name].get("airbyte_secret")}
    plain = {name: value for name, value in own.items() if name not in secrets}
    names = {name: value for name, value in plain.items() if isinstance(value, str | int)}
    required = [
        [name, part]
        for name, value in plain.items()
        if name in specification.get("required", []) and isinstance(value, list)
        for part in value
    ]
    marks: list[Any] = [sorted(names.items())] if names else required or [list(pair) for pair in secrets.items()]
    return {"api": api_version(specification, config), "marks": sorted(map(_mark, marks))}


def merged(saved: Json, current: Json) -> Json:
    """Return what to keep: the marks of both, so that keys may be rotated one after the other."""
    return current | {"marks": sorted({*saved.get("marks", []), *current["marks"]})}


def description(connector: str, specification: Json, config: Json) -> Json:
    """Return what people may know of an account: no secret is in it."""
    api = api_version(specification, config)
    return {
        "vendor": connector.removeprefix("source-"),
        "api": api,
        "is_current_api": api == api_version(specification, {}),
        "account": label(specification, config),
    }


def label(specification: Json, config: Json) -> str | None:
    """Return the name of the account or app in a config; None where only keys say which it is."""
    properties: dict[str, Json] = specification["properties"]
    names = [
        str(value)
        for name, value in config.items()
        if isinstance(value, str | int)
        and name in properties
        and name not in SHARED
        and not properties[name].get("airbyte_secret")
    ]
    return ", ".join(names) or None


def is_same(saved: Json, current: Json) -> bool:
    """Whether two identities are of one account, read through the same API."""
    return saved["api"] == current["api"] and bool(set(saved["marks"]) & set(current["marks"]))


def schema_name(connector: str, api: str | None) -> str:
    """Return the schema in which a connector's tables are unless ``SCHEMA=`` names another."""
    vendor = connector.removeprefix("source-")
    return f"{vendor}_{api}" if api else vendor


def _mark(value: object) -> str:
    # Slow on purpose: whoever reads the warehouse cannot try out keys.
    return hashlib.scrypt(dumps(value).encode(), salt=b"session-connectors", n=2**12, r=8, p=1, dklen=16).hex()
