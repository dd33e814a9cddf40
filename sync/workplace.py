"""Workplaces: temporary folders that only the user can read, and that are always deleted."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "session-connectors-"
LEAST_SPACE = 16 * 2**20
"""Bytes: rows pass through the folder in compressed files."""


@contextmanager
def workplace() -> Iterator[Path]:
    """Create a folder that is deleted at the end; also delete folders of killed syncs.

    Raises:
        OSError: There is no temporary folder, or the disk is full. Later, libraries would report it less clearly.
    """
    _clear()
    if shutil.disk_usage(tempfile.gettempdir()).free < LEAST_SPACE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _clear() -> None:
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
        process = path.name.removeprefix(PREFIX).partition("-")[0]
        # Another sync may delete its folder, or the same one, at the same time.
        with suppress(FileNotFoundError):
            if path.lstat().st_uid == os.getuid() and process.isdecimal() and not _is_alive(int(process)):
                shutil.rmtree(path, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
