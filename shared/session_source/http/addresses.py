"""Addresses: which machine a host name leads to, and whether it may be asked."""

import ipaddress
import socket
import threading
from concurrent.futures import Future

from airbyte_cdk.utils import is_cloud_environment
from urllib3.util.connection import allowed_gai_family

from session_source.api.errors import Fault, Kind


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def resolve(host: str, port: int, *, within: float) -> list[str]:
    """Return the IP addresses of a host.

    Args:
        host: a name or an IP address.
        port: the port that will be asked.
        within: how many seconds it may take. A name server that does not answer blocks a thread for longer.

    Raises:
        TimeoutError: it took longer.
        OSError: there is no such host.
    """
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
            found.set_result([str(entry[4][0]) for entry in entries])
        except Exception as error:  # noqa: BLE001 - raised again where the result is waited for
            found.set_exception(error)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    return found.result(within)


def refuse_private(addresses: list[str]) -> None:
    """Hold to the rule of Airbyte Cloud, which the CDK enforces for ``requests.Session`` only.

    Raises:
        Fault: this is Airbyte Cloud, and one of a host's addresses is private.
    """
    if is_cloud_environment() and any(map(_is_private, addresses)):
        raise Fault(
            Kind.CONFIG,
            "base_url leads to a private network, which Airbyte Cloud does not ask. Set a base_url with a public "
            "address.",
        )


def _is_private(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_private
