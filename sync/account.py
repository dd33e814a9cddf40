"""Accounts: whether a config reads the account that a schema's rows came from.

Only hashes are stored. Changed dates, speed settings or filters and rotated keys do not make it another account.
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
"""Properties that set when and how to read, not which account."""


def api_version(specification: Json, config: Json) -> str | None:
    """Return which of a vendor's APIs a config reads; None if the vendor has one API."""
    declared = specification["properties"].get("api")
    if declared is None:
        return None
    version = config.get("api", {}).get("version") or declared.get("default", {}).get("version")
    return None if version is None else str(version)


def identity(specification: Json, config: Json) -> Json:
    """Return the identity of an account: its API, and hashes as ``marks``.

    Two configs read the same account if they share a mark. The marks are hashes of

    - all names in the config together (an app's id, a login), if it has any;
    - else each element of a required list (DevRev's apps);
    - else each secret (Browsee), so that one of two keys can be rotated at a time.
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
    """Return the identity to store: it has the marks of both, so that keys can be rotated one after the other."""
    return current | {"marks": sorted({*saved.get("marks", []), *current["marks"]})}


def description(connector: str, specification: Json, config: Json) -> Json:
    """Describe an account without secrets."""
    api = api_version(specification, config)
    return {
        "vendor": connector.removeprefix("source-"),
        "api": api,
        "is_current_api": api == api_version(specification, {}),
        "account": label(specification, config),
    }


def label(specification: Json, config: Json) -> str | None:
    """Return the name of the account or app in a config; None if the config has only keys."""
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
    """Return whether two identities belong to one account, read through the same API."""
    return saved["api"] == current["api"] and bool(set(saved["marks"]) & set(current["marks"]))


def schema_name(connector: str, api: str | None) -> str:
    """Return the default schema of a connector's tables."""
    vendor = connector.removeprefix("source-")
    return f"{vendor}_{api}" if api else vendor


def _mark(value: object) -> str:
    # scrypt is slow, so that somebody who can read the warehouse cannot guess keys.
    return hashlib.scrypt(dumps(value).encode(), salt=b"session-connectors", n=2**12, r=8, p=1, dklen=16).hex()
