"""The connector: what a vendor's package defines beside its endpoints."""

from abc import ABC, abstractmethod
from typing import ClassVar

from requests.auth import AuthBase

from session_source.airbyte.config import Config
from session_source.airbyte.verify.assumption import Assumptions
from session_source.api.endpoint import Endpoint
from session_source.http.budget import Budget, RequestRate
from session_source.http.retry import RetryPolicy


class Connector(ABC):
    """What is special about the connector of one vendor.

    Attributes:
        vendor: the vendor's name, as messages show it.
        credentials_hint: one or two sentences that say where to fix credentials; messages end with them.
        window_days: the default of ``window_in_days``.
        workers: the default of ``num_workers``. If the vendor allows one request at a time, it is 1, and the spec
            does not offer the property.
        assumptions: what the connector assumes about the vendor, by ``api_version``; see ``verify``.
    """

    vendor: ClassVar[str]
    credentials_hint: ClassVar[str]
    window_days: ClassVar[int]
    workers: ClassVar[int]
    assumptions: ClassVar[Assumptions] = {}

    @abstractmethod
    def endpoints(self, config: Config) -> list[Endpoint]:
        """Return the endpoints for a config.

        Raises:
            AirbyteTracedException: the config matches the spec, but contradicts itself.
        """

    @abstractmethod
    def auth(self, config: Config) -> AuthBase:
        """Return what adds the config's credentials to requests."""

    @abstractmethod
    def base_url(self, config: Config) -> str:
        """Return the production base URL for a config."""

    def checked_endpoint(self, config: Config) -> str:
        """Return the name of the endpoint that `check` requests."""
        return self.endpoints(config)[0].name

    def retry_policy(self) -> RetryPolicy:
        """Return the timeouts and the limits on retries."""
        return RetryPolicy()

    def budget(self, config: Config) -> Budget | None:
        """Return the hourly request budget, for a vendor that locks out clients that exceed it."""
        return None

    def rate(self, config: Config) -> RequestRate | None:
        """Return the limit on requests per second, if the vendor documents one."""
        return None

    def api_version(self, config: Config) -> str | None:
        """Return the API version that a config selects. State of another version is ignored."""
        return None

    @property
    def package(self) -> str:
        """The vendor's package, with spec.yaml and schemas/."""
        return type(self).__module__.split(".")[0]
