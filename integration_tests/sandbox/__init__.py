"""A local HTTP server that plays the vendors, as strictly as their own pages describe them.

    vendor = load_vendor("source-uxcam", sessions=300, days=14)
    with serve(vendor) as server:
        config = vendor.configs(server.origin)["session_api"]
        ...                                     # read with a connector
        assert keys == vendor.expected("session_api")["sessions"]
        assert server.count == 4
        server.faults.append(Status(429, retry_after=1))

It shares no code with the connectors: what a vendor's page says is written down a second time, so that one
mistake cannot agree with itself. `python -m integration_tests.sandbox source-uxcam` serves the same from a
shell.
"""

from integration_tests.sandbox.faults import (
    Deletion,
    Echo,
    EmptyBody,
    ErrorInside,
    Fault,
    Html,
    Huge,
    NeverAnswers,
    RepeatToken,
    ResetBeforeBody,
    ResetInBody,
    SlowBody,
    SlowHeaders,
    StalePage,
    Status,
    TruncatedBody,
    TruncatedJson,
    read_fault,
)
from integration_tests.sandbox.log import Entry
from integration_tests.sandbox.message import Answer, Request, load_json
from integration_tests.sandbox.server import Server, refused_origin, serve
from integration_tests.sandbox.vendor import Config, Keys, Vendor, load_vendor, main_configs, vendor_names

__all__ = [
    "Answer",
    "Config",
    "Deletion",
    "Echo",
    "EmptyBody",
    "Entry",
    "ErrorInside",
    "Fault",
    "Html",
    "Huge",
    "Keys",
    "NeverAnswers",
    "RepeatToken",
    "Request",
    "ResetBeforeBody",
    "ResetInBody",
    "Server",
    "SlowBody",
    "SlowHeaders",
    "StalePage",
    "Status",
    "TruncatedBody",
    "TruncatedJson",
    "Vendor",
    "load_json",
    "load_vendor",
    "main_configs",
    "read_fault",
    "refused_origin",
    "serve",
    "vendor_names",
]
