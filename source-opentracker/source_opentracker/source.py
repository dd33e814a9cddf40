"""Opentracker: sessions of a site's visitors. https://api.opentracker.net/api/views/c_view_sessions_by_user.jsp"""

import session_source
from requests.auth import AuthBase
from session_source import BodyAuth, Config, Endpoint, SessionSource

from source_opentracker.answers import CREDENTIALS_HINT
from source_opentracker.assumptions import ASSUMPTIONS
from source_opentracker.sessions import Sessions


class SourceOpentracker(SessionSource):
    """Reads the sessions of one or more sites of an account."""

    vendor = "Opentracker"
    credentials_hint = CREDENTIALS_HINT
    window_days = 1
    workers = 4
    assumptions = ASSUMPTIONS

    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the list of sessions."""
        return [
            Sessions(
                config["sites"],
                user_ids=config.get("user_ids") or (),
                machine_ids=config.get("machine_ids") or (),
                visit_ids=config.get("visit_ids") or (),
            )
        ]

    def auth(self, config: Config) -> AuthBase:
        """Put login and password into the form, which keeps them out of URLs."""
        return BodyAuth({"login": config["login"], "password": config["password"]})

    def base_url(self, config: Config) -> str:
        """Return the address of the API."""
        return "https://api.opentracker.net/api/views"


def run() -> None:
    """Run ``source-opentracker``."""
    session_source.run(SourceOpentracker())
