"""Inspectlet: session recordings of websites. https://apidocs.inspectlet.com"""

import session_source
from requests.auth import AuthBase
from session_source import BasicAuth, Config, Endpoint, SessionSource

from source_inspectlet import search
from source_inspectlet.assumptions import ASSUMPTIONS
from source_inspectlet.sessions import Sessions
from source_inspectlet.websites import Websites


class SourceInspectlet(SessionSource):
    """Reads the websites of one account and their sessions."""

    vendor = "Inspectlet"
    credentials_hint = (
        "Check username (the account's email address) and api_token (“API Credentials” on the “your account” page "
        "of Inspectlet's dashboard), and that the account has access to the websites in website_ids."
    )
    window_days = 30
    workers = 2
    assumptions = ASSUMPTIONS

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the list of websites and the sessions of each."""
        websites = Websites([int(wid) for wid in config.get("website_ids") or []])
        return [websites, Sessions(websites, search.of_config(config))]

    def checked_endpoint(self, config: Config) -> str:
        """Check the configured websites; without any, the list of all."""
        return Sessions.name if config.get("website_ids") else Websites.name

    def auth(self, config: Config) -> AuthBase:
        """Add the account's email address and API token to requests."""
        return BasicAuth(config["username"], config["api_token"])

    def base_url(self, config: Config) -> str:
        """Return the address of the API."""
        return "https://api.inspectlet.com/v1"


def run() -> None:
    """Run ``source-inspectlet``."""
    session_source.run(SourceInspectlet())
