"""Addresses: resolves host names, and refuses private addresses on Airbyte Cloud."""

import ipaddress
import socket
import threading
from concurrent.futures import Future

from airbyte_cdk.utils import is_cloud_environment
from urllib3.util.connection import allowed_gai_family

from session_source.api.errors import Fault, Kind


def is_loopback(host: str) -> bool:
    """Return whether a host is the local machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def resolve(host: str, port: int, *, within: float) -> list[str]:
    """Return the IP addresses of a host.

    Args:
        host: a name or an IP address.
        port: the port to connect to.
        within: the timeout in seconds. The system's resolver has none: it may block its thread for longer.

    Raises:
        TimeoutError: the name server did not answer in time.
        OSError: the host does not exist.
    """
    found: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)
            found.set_result([str(entry[4][0]) for entry in entries])
        except Exception as error:  # noqa: BLE001 - raised again in the thread that waits
            found.set_exception(error)

    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    return found.result(within)


def refuse_private(addresses: list[str]) -> None:
    """Refuse private addresses on Airbyte Cloud. The CDK refuses them for ``requests.Session`` only.

    Raises:
        Fault: the connector runs on Airbyte Cloud, and one of the addresses is private.
    """
    if is_cloud_environment() and any(map(_is_private, addresses)):
        raise Fault(
            Kind.CONFIG,
            "base_url is in a private network, which Airbyte Cloud does not allow. Set a base_url with a public "
            "address.",
        )


def _is_private(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_private
