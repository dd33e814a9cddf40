"""Redaction: credentials in none of their forms in anything that is said.

The CDK's filter replaces the literal values that it was told. Credentials also show percent-encoded (in URLs),
JSON-escaped (in bodies that are quoted, once or twice), as Python writes them (``repr``) and in base64 (Basic
auth). ``protect`` tells the filter all of these.
"""

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets, get_secrets, update_secrets

from session_source.columns import Value

NO_WORD = 8
"""From so many characters on a secret is hidden by the other connectors of a process, too, which a shorter one, a
word perhaps, would make unreadable."""

_of_others: set[str] = set()


def protect(specification: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    """Have the CDK's filter hide the config's secrets, in every form they take.

    Args:
        specification: the connector's JSON schema of a config; ``airbyte_secret`` marks what is one.
        config: the user's config, valid or not.
    """
    secrets = [text for value in get_secrets(specification, config) for text in _texts(value)]
    names = [text for value in config.values() for text in _texts(value) if len(text) < 200]
    pairs = [f"{name}:{secret}" for name in names for secret in secrets]
    own = forms(secrets) | _base64s(pairs)
    _of_others.update(text for text in own if len(text) >= NO_WORD)
    # Longest first: a secret that contains another must go as a whole.
    update_secrets(sorted(own | _of_others, key=len, reverse=True))


def clean(text: str) -> str:
    """Hide what ``protect`` was told."""
    return filter_secrets(text)


def forms(secrets: Iterable[str]) -> set[str]:
    """Give every form in which the secrets may show."""
    shown: set[str] = set()
    # Vendors quote them without the blanks around them, and a sentence has no two in a row.
    for secret in {text for one in secrets for text in (one, one.strip(), " ".join(one.split())) if text}:
        encoded = {
            secret,
            quote(secret),
            quote(secret, safe=""),
            quote_plus(secret),
            quote(secret, safe="!'()*~"),
        }
        encoded |= {quote(secret, safe=":/?#[]@!$&'()*+,;=-._~%"), quote(quote(secret, safe=""), safe="")}
        encoded |= {text.lower() for text in encoded if "%" in text and text != secret}
        escaped = {_escaped(text, ascii_only=ascii_only) for text in encoded for ascii_only in (True, False)}
        escaped |= {_escaped(text, ascii_only=ascii_only) for text in escaped for ascii_only in (True, False)}
        shown |= encoded | escaped | {text.replace("/", "\\/") for text in escaped}
        shown |= {repr(text)[1:-1] for text in (secret, _escaped(secret, ascii_only=True))}
        shown |= {secret.encode().decode("latin-1"), repr(secret.encode())[2:-1]}
        shown |= _base64s([secret])
    return shown - {""}


def _escaped(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)[1:-1]


def _base64s(texts: Iterable[str]) -> set[str]:
    shown: set[str] = set()
    for text in texts:
        for coded in (base64.b64encode(text.encode()), base64.urlsafe_b64encode(text.encode())):
            plain = coded.decode()
            shown |= {plain, plain.rstrip("="), quote(plain, safe="")}
    return {text for text in shown if len(text) >= 4}


def _texts(value: Value) -> Iterable[str]:
    """Give the texts in a value: of a wrong type in the config, a secret is still one."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
