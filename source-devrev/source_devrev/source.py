"""DevRev: session recordings of mobile apps and sites. https://developer.devrev.ai/api-reference"""

import session_source
from requests.auth import AuthBase
from session_source import BearerAuth, Config, Endpoint, SessionSource

from source_devrev.assumptions import ASSUMPTIONS
from source_devrev.filters import by_platform
from source_devrev.sessions import Sessions


class SourceDevrev(SessionSource):
    """Reads the sessions of the configured apps, each on its platform."""

    vendor = "DevRev"
    credentials_hint = (
        "Create a personal access token in DevRev under Settings > Account > Personal Access Token, put it into "
        "access_token, and check that its user may see the sessions of every app in apps."
    )
    window_days = 30
    workers = 8
    assumptions = ASSUMPTIONS

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the list of sessions, with the filters of each platform."""
        apps = config["apps"]
        platforms = [app["platform"] for app in apps]
        return [Sessions(apps, by_platform(config.get("filters") or {}, platforms))]

    def auth(self, config: Config) -> AuthBase:
        """Put the token into the Authorization header."""
        return BearerAuth(config["access_token"])

    def base_url(self, config: Config) -> str:
        """Return DevRev's address."""
        return "https://api.devrev.ai"


def run() -> None:
    """Run ``source-devrev``."""
    session_source.run(SourceDevrev())
