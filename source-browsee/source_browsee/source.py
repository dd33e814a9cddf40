"""Browsee: sessions of websites with the visitors behind them. https://docs.browsee.io"""

import session_source
from requests.auth import AuthBase
from session_source import BodyAuth, Config, Endpoint, RetryPolicy, SessionSource

from source_browsee.assumptions import ASSUMPTIONS
from source_browsee.export import CREDENTIALS_HINT, SegmentSessions, Sessions


class SourceBrowsee(SessionSource):
    """Reads one project. Browsee allows one open request, so there is one worker."""

    vendor = "Browsee"
    credentials_hint = CREDENTIALS_HINT
    window_days = 7
    workers = 1
    assumptions = ASSUMPTIONS

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the sessions and those of the segments."""
        fields = config.get("fields") or []
        return [Sessions(fields), SegmentSessions(fields, config.get("segment_ids") or [])]

    def checked_endpoint(self, config: Config) -> str:
        """Check the configured segments; without any, the list of sessions."""
        return SegmentSessions.name if config.get("segment_ids") else Sessions.name

    def auth(self, config: Config) -> AuthBase:
        """Put both keys into the body, the only place where Browsee takes them."""
        return BodyAuth({"apiKey": config["api_key"], "secretKey": config["secret_key"]})

    def base_url(self, config: Config) -> str:
        """Return the address of the API."""
        return "https://api.browsee.io/api/v1"

    def retry_policy(self) -> RetryPolicy:
        """Wait long for an answer: after a timeout, Browsee may count the request as open and refuse the next."""
        return RetryPolicy(read=90, total=150, outage=220, after_timeout=30)


def run() -> None:
    """Run ``source-browsee``."""
    session_source.run(SourceBrowsee())
