"""Memory is flat: it depends on neither the number of sessions nor that of windows."""

import json
import os
import resource
import subprocess
from pathlib import Path

import pytest

from integration_tests import figures
from integration_tests.connector import Connector, script
from integration_tests.load import Load
from integration_tests.sandbox import serve
from integration_tests.trials import SESSIONS


def peak(sessions: int, place: Path) -> tuple[int, int]:
    """Read so many sessions; give the process's peak memory in kB and the lines it wrote."""
    with serve(Load(sessions=sessions, days=20)) as server:
        connector = Connector("source-uxcam", server.vendor.configs(server.origin)["session_api"], place)
        arguments = connector.read_arguments("sessions")
        config = place / "config.json"
        config.write_text(json.dumps(connector.config))
        with subprocess.Popen(  # noqa: S603
            [script(connector.folder), *arguments, "--config", str(config)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            records = sum(b'"type":"RECORD"' in line[:20] for line in process.stdout)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss, records


@pytest.mark.promise(n=6)
def test_memory_is_flat(tmp_path: Path) -> None:
    small, few = peak(20_000, tmp_path)
    large, many = peak(SESSIONS, tmp_path)
    figures.count(
        records=few + many, peak_kB_of_20000_sessions=small, **{f"peak_kB_of_{SESSIONS}_sessions": large}
    )
    assert (few, many) == (20_000, SESSIONS)
    assert large <= small * 1.15, (small, large)
