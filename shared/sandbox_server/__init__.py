"""The sandbox server: a local HTTP server that plays a vendor, as strictly as the vendor's page describes it.

    vendor = load_vendor("source-<vendor>", sessions=300, days=14)
    with serve(vendor) as server:
        config = vendor.configs(server.origin)["default"]
        ...                                     # read with a connector
        assert keys == vendor.expected("default")["sessions"]
        assert server.count == 4
        server.faults.append(Status(429, retry_after=1))

A vendor's sandbox is the package `source-<vendor>/sandbox`: its data and the rules of its API. This package serves
any of them over HTTP and adds faults. It names no vendor.

The server and the sandboxes share no code with the connectors, so that a mistake in one cannot be hidden by the
same mistake in the other. A sandbox's options (see its class) cover what the vendor's page leaves open. `changes`
and `faults` work with every vendor. `Cassette` replays a recorded read instead. `python -m sandbox_server
source-<vendor>` starts the server from a shell.

Imports go one way: message → limits, log, vendor → service → exchange → faults → changes → control → server.
"""

from sandbox_server.cassette import Cassette
from sandbox_server.changes import BrokenIds, DeepValue, LargeIds, NewFields, Retyped
from sandbox_server.fault_kinds import read_fault
from sandbox_server.faults import (
    Deletion,
    Echo,
    EmptyBody,
    ErrorInside,
    Fault,
    Html,
    HugeBody,
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
)
from sandbox_server.limits import (
    BeyondEnd,
    BeyondEndError,
    NoAnswerError,
    NumberedPages,
    TooLarge,
    TooLargeError,
    check_size,
)
from sandbox_server.log import Entry
from sandbox_server.message import Answer, Request, load_json
from sandbox_server.server import Server, bound_socket, refused_origin, serve
from sandbox_server.vendor import (
    Config,
    Keys,
    Record,
    Vendor,
    load_vendor,
    main_configs,
    vendor_names,
)

__all__ = [
    "Answer",
    "BeyondEnd",
    "BeyondEndError",
    "BrokenIds",
    "Cassette",
    "Config",
    "DeepValue",
    "Deletion",
    "Echo",
    "EmptyBody",
    "Entry",
    "ErrorInside",
    "Fault",
    "Html",
    "HugeBody",
    "Keys",
    "LargeIds",
    "NeverAnswers",
    "NewFields",
    "NoAnswerError",
    "NumberedPages",
    "Record",
    "RepeatToken",
    "Request",
    "ResetBeforeBody",
    "ResetInBody",
    "Retyped",
    "Server",
    "SlowBody",
    "SlowHeaders",
    "StalePage",
    "Status",
    "TooLarge",
    "TooLargeError",
    "TruncatedBody",
    "TruncatedJson",
    "Vendor",
    "bound_socket",
    "check_size",
    "load_json",
    "load_vendor",
    "main_configs",
    "read_fault",
    "refused_origin",
    "serve",
    "vendor_names",
]
