"""Workplaces are deleted, those of killed syncs too, while other syncs do the same."""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sync.workplace import PREFIX, workplace


def test_syncs_that_start_together_delete_the_folders_of_killed_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    for number in range(500):
        (tmp_path / f"{PREFIX}{ended.pid}-{number}").mkdir()

    def start(_: int) -> None:
        with workplace() as place:
            assert place.is_dir()

    with ThreadPoolExecutor(8) as syncs:
        list(syncs.map(start, range(8)))
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("sync.workplace.LEAST_SPACE", 2**62)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"), workplace():
        pass
