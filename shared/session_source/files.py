"""Files: the config, catalog and state that a command is given, and a sentence where they cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager

from session_source.errors import config_error

CONFIG = "configuration: an object with the properties that the connector's spec describes"
CATALOG = "configured catalog: the streams to read, each with its sync_mode, as `discover` prints them"
STATE = "state: the list of state messages that an earlier read printed"


@contextmanager
def readable(path: str, what: str) -> Iterator[None]:
    """Say which file cannot be read, or is not what it should be.

    Args:
        path: the file that the block reads.
        what: what it should hold: one of this module's sentences.

    Raises:
        AirbyteTracedException: it does not.
    """
    try:
        yield
    except OSError as error:
        raise config_error(f"The file {path} cannot be read ({error.strerror}). Check its path.") from None
    except Exception as error:  # noqa: BLE001 - each parser has its own
        why = " ".join(str(error).split())[:200].rstrip(".")
        raise config_error(f"The file {path} is not what it should be ({why}). Give a {what}.") from None
