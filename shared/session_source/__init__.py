"""The core of the session connectors: the names that a vendor's package imports."""

from session_source.airbyte.commands import run
from session_source.airbyte.config import Config
from session_source.airbyte.source import SessionSource
from session_source.api.answer import Answer, rows_of
from session_source.api.columns import (
    Either,
    Integer,
    Moment,
    Number,
    Row,
    Text,
    Value,
    at,
    objects,
    value_or_none,
)
from session_source.api.endpoint import Detail, Endpoint, Fetch, PageContext, Partition
from session_source.api.errors import Fault, Kind, StatusInBody, config_error, quoted
from session_source.api.pagination import Next, NextInAnswer, Offset, OnePage, Page, PageNumber, Pager, Token
from session_source.api.request import Request, Wish
from session_source.api.stream import Stream
from session_source.api.time_filter import CalendarDay, ExactTime, StartOrEnd, TimeFilter, TimeRange, Unrelated
from session_source.api.times import epoch_seconds, moment_text, rfc3339, rfc3339_with_milliseconds
from session_source.api.windows import Window
from session_source.http.auth import BasicAuth, BearerAuth, BodyAuth, EitherAuth, HeaderAuth, QueryAuth
from session_source.http.budget import Budget, RequestRate
from session_source.http.retry import RetryPolicy

__all__ = [
    "Answer",
    "BasicAuth",
    "BearerAuth",
    "BodyAuth",
    "Budget",
    "CalendarDay",
    "Config",
    "Detail",
    "Either",
    "EitherAuth",
    "Endpoint",
    "ExactTime",
    "Fault",
    "Fetch",
    "HeaderAuth",
    "Integer",
    "Kind",
    "Moment",
    "Next",
    "NextInAnswer",
    "Number",
    "Offset",
    "OnePage",
    "Page",
    "PageContext",
    "PageNumber",
    "Pager",
    "Partition",
    "QueryAuth",
    "Request",
    "RequestRate",
    "RetryPolicy",
    "Row",
    "SessionSource",
    "StartOrEnd",
    "StatusInBody",
    "Stream",
    "Text",
    "TimeFilter",
    "TimeRange",
    "Token",
    "Unrelated",
    "Value",
    "Window",
    "Wish",
    "at",
    "config_error",
    "epoch_seconds",
    "moment_text",
    "objects",
    "quoted",
    "rfc3339",
    "rfc3339_with_milliseconds",
    "rows_of",
    "run",
    "value_or_none",
]
