"""The demo: a local sandbox of every vendor, synced, grown, and synced again."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from sandbox_server import Vendor, load_vendor, main_configs, serve, vendor_names

from sync import traffic
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
        self.vendor.grow(8)
        time.sleep(1.1)


@contextmanager
def served() -> Iterator[list[Demo]]:
    """Serve every vendor's sandbox, growing while it is read, and give a job for each of its configs."""
    with ExitStack() as servers, workplace() as place:
        demos = []
        for folder in vendor_names():
            vendor = load_vendor(folder, sessions=400, days=14, **traffic.use(folder))
            server = servers.enter_context(serve(vendor, grow_every=40))
            configs = main_configs(vendor, server.origin)
            if "segments" in vendor.configs(server.origin):  # Browsee has a stream that is empty without one
                configs = {"segments": vendor.configs(server.origin)["segments"]}
            for name, config in configs.items():
                file = place / f"{folder}-{name}.json"
                file.write_text(json.dumps(config))
                demos.append(Demo(Job(folder, file, []), vendor))
        yield demos
