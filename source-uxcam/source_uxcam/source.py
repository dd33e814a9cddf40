"""UXCam: session recordings of mobile apps and sites. https://developer.uxcam.com/reference"""

import session_source
from requests.auth import AuthBase
from session_source import (
    Budget,
    Config,
    EitherAuth,
    Endpoint,
    HeaderAuth,
    QueryAuth,
    RequestRate,
    SessionSource,
)

from source_uxcam import data_access_v2, session_api
from source_uxcam.assumptions import ASSUMPTIONS
from source_uxcam.filters import of_config

PRODUCTION = {
    "session_api": "https://dashboardapi.uxcam.com/public",
    "data_access_v2": "https://api.uxcam.com/v2",
}


class SourceUxcam(SessionSource):
    """Reads one app through one of UXCam's two APIs; ``api.version`` chooses it."""

    vendor = "UXCam"
    credentials_hint = (
        "Create an API key in the app's settings in UXCam and check that it belongs to this app id, and that "
        "the API chosen in the configuration is the one your account has."
    )
    window_days = 30
    workers = 4
    assumptions = ASSUMPTIONS

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the endpoints of the chosen API."""
        filters = of_config(config)
        if self.api_version(config) == "session_api":
            return [session_api.Sessions(filters)]
        return [
            data_access_v2.Sessions(filters),
            data_access_v2.Events(filters),
            data_access_v2.Users(filters),
        ]

    def auth(self, config: Config) -> AuthBase:
        """Add the app's id and key to requests.

        The Session API takes them in the URL only. For v2 the vendor's pages have both: headers, which keep the
        key out of URLs and are tried first, and the URL.
        """
        in_url = QueryAuth({"apikey": config["api_key"], "appid": config["app_id"]})
        if self.api_version(config) == "session_api":
            return in_url
        return EitherAuth(HeaderAuth({"X-App-Id": config["app_id"], "X-Api-Key": config["api_key"]}), in_url)

    def base_url(self, config: Config) -> str:
        """Return the address of the chosen API."""
        return PRODUCTION[self.api_version(config)]

    def budget(self, config: Config) -> Budget | None:
        """Limit v2 to the requests an hour that UXCam allows: beyond them it locks an app out for up to a day."""
        if self.api_version(config) == "session_api":
            return None
        return Budget(int(config.get("api", {}).get("requests_per_hour", 500)))

    def rate(self, config: Config) -> RequestRate | None:
        """Limit v2 to five requests in a second. The Session API's page has no such limit."""
        return None if self.api_version(config) == "session_api" else RequestRate(5)

    def api_version(self, config: Config) -> str:
        """Return the chosen API."""
        version: str = config.get("api", {}).get("version", "data_access_v2")
        return version


def run() -> None:
    """Run ``source-uxcam``."""
    session_source.run(SourceUxcam())
