"""The demo: sync a local sandbox of every vendor, add sessions, and sync again."""

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
"""The only file that the demo writes; replaced each time."""


DAYS = 28
"""What the sandboxes' sessions cover: four weeks."""


class Demo(NamedTuple):
    """A job and the vendor that it reads."""

    job: Job
    vendor: Vendor

    def grow(self) -> None:
        """Add sessions, and wait: sessions of the second in which a sync starts belong to the next sync."""
        self.vendor.grow(8)
        time.sleep(1.1)


@contextmanager
def served() -> Iterator[list[Demo]]:
    """Serve every vendor's sandbox, which grows while it is read; yield a job for each of its configs."""
    with ExitStack() as servers, workplace() as place:
        demos = []
        for folder in vendor_names():
            vendor = load_vendor(folder, sessions=400, days=DAYS, **traffic.options(folder))
            server = servers.enter_context(serve(vendor, grow_every=40))
            configs = main_configs(vendor, server.origin)
            if "segments" in vendor.configs(server.origin):  # without a segment, one of Browsee's streams is empty
                configs = {"segments": vendor.configs(server.origin)["segments"]}
            for name, config in configs.items():
                file = place / f"{folder}-{name}.json"
                file.write_text(json.dumps(config))
                demos.append(Demo(Job(folder, file, []), vendor))
        yield demos
