"""Addresses: the URL of a database, and what messages may show of it."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

SHORTEST = 3
"""Characters of a hidden text. To hide a shorter one would hide parts of most words."""


@dataclass(frozen=True)
class Address:
    """The URL of a database.

    Args:
        url: ``scheme://user:password@server/path?query``.

    Raises:
        ValueError: It is not clear where the password ends, so a message could have a part of it.
    """

    url: str

    def __post_init__(self) -> None:
        rest = self.url.partition("://")[2]
        if self._server.count("@") > 1 or ("@" not in self._server and ":" in self._server and "@" in rest):
            raise ValueError(
                "The user or the password in DB has one of the characters @ / ? # :, which separate the parts of "
                "a URL. Write them as %40 %2F %3F %23 %3A."
            )

    @property
    def scheme(self) -> str:
        """What is before ``://``."""
        return self.url.partition("://")[0]

    @property
    def password(self) -> str:
        """The password, decoded; empty if there is none."""
        return unquote(self._user.partition(":")[2])

    @property
    def label(self) -> str:
        """The URL without user, password and query, which may have secrets too."""
        rest = self.url.partition("://")[2].removeprefix(self._user).removeprefix("@")
        return f"{self.scheme}://{re.split('[?#]', rest)[0]}"

    def clean(self, text: str) -> str:
        """Hide the password and the query in a text."""
        text = text.replace(self.url, self.label)
        for part in (self._user.partition(":")[2], self.password, self.url.partition("?")[2]):
            if len(part) >= SHORTEST:
                text = text.replace(part, "…")
        return text

    @property
    def _server(self) -> str:
        return re.split("[/?#]", self.url.partition("://")[2], maxsplit=1)[0]

    @property
    def _user(self) -> str:
        return self._server.rpartition("@")[0]
