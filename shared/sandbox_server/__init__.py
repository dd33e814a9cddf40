"""A local HTTP server that plays the vendors, as strict as their own pages describe them.

    vendor = load_vendor("source-<vendor>", sessions=300, days=14)
    with serve(vendor) as server:
        config = vendor.configs(server.origin)["default"]
        ...                                     # read with a connector
        assert keys == vendor.expected("default")["sessions"]
        assert server.count == 4
        server.faults.append(Status(429, retry_after=1))

It shares no code with the connectors: a mistake in one of them cannot hide behind the same mistake in the other.
The options of a vendor (see its class) are the ways in which it may differ from its page; `changes` and `faults`
work with every vendor. `python -m sandbox_server source-<vendor>` serves the same from a shell.
"""

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
from sandbox_server.server import Server, refused_origin, serve
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
    "check_size",
    "load_json",
    "load_vendor",
    "main_configs",
    "read_fault",
    "refused_origin",
    "serve",
    "vendor_names",
]
