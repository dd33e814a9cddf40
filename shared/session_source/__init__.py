"""How any paged, windowed session API is read well. A vendor's connector is made of these nouns."""

from session_source.auth import BasicAuth, BearerAuth, BodyAuth, EitherAuth, HeaderAuth, QueryAuth
from session_source.budget import Budget, RequestRate
from session_source.client import Patience
from session_source.columns import Either, Integer, Moment, Number, Row, Text, Value, at, objects
from session_source.commands import run
from session_source.config import Config
from session_source.endpoints import Detail, Endpoint, Fetch, PageContext
from session_source.errors import Fault, Kind, ToldInBody, config_error, quoted
from session_source.exchange import Answer, Request, Wish, rows_of
from session_source.pagination import Next, NextInAnswer, Offset, OnePage, Page, PageNumber, Pager, Token
from session_source.source import SessionSource
from session_source.state import Partition
from session_source.streams import Stream
from session_source.time_filter import CalendarDay, ExactTime, Reach, StartOrEnd, TimeFilter, Unrelated
from session_source.times import epoch_seconds, moment_text, rfc3339, rfc3339_with_milliseconds
from session_source.windows import Window

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
    "Patience",
    "QueryAuth",
    "Reach",
    "Request",
    "RequestRate",
    "Row",
    "SessionSource",
    "StartOrEnd",
    "Stream",
    "Text",
    "TimeFilter",
    "Token",
    "ToldInBody",
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
]
