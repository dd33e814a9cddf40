"""The demo: a local sandbox of every vendor, synced, grown, and synced again."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from integration_tests.sandbox import Vendor, load_vendor, main_configs, serve, vendor_names
from sync.job import Job
from sync.workplace import workplace

DATABASE = Path("sandbox.duckdb")
"""What the demo writes, anew each time; it writes nothing else."""


class Demo(NamedTuple):
    """A job, and the vendor that it reads."""

    job: Job
    vendor: Vendor

    def grow(self) -> None:
        """Let sessions happen. What is uploaded in the second of a sync's start belongs to the next one."""
        self.vendor.grow(25)
        time.sleep(1.1)


@contextmanager
def served() -> Iterator[list[Demo]]:
    """Serve every vendor's sandbox, growing while it is read, and give a job for each of its configs."""
    with ExitStack() as servers, workplace() as place:
        demos = []
        for folder in vendor_names():
            vendor = load_vendor(folder, sessions=400, days=14)
            server = servers.enter_context(serve(vendor, grow_every=4, grow_by=2))
            for name, config in main_configs(vendor, server.origin).items():
                file = place / f"{folder}-{name}.json"
                file.write_text(json.dumps(config))
                demos.append(Demo(Job(folder, file, []), vendor))
        yield demos
