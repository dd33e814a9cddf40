"""Moments in UTC: how vendors and users write them, and the one way they leave here (RFC 3339, ``Z``)."""

from datetime import UTC, datetime, timedelta

import orjson

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_text(text: object) -> datetime:
    """Read a moment from the ways vendors write one; without a zone it is taken as UTC.

    Understands ISO 8601 and its looser relatives: ``2019/01/31, 12:01:34``, ``2023-01-16 10:43:47``.

    Raises:
        ValueError: the text is no date, or one that does not exist.
    """
    if not isinstance(text, str):
        raise ValueError("a date is written as text")
    moment = datetime.fromisoformat(text.strip().replace("/", "-").replace(", ", "T"))
    if moment.tzinfo is None:
        return datetime.combine(moment, moment.time(), UTC)  # a fifth of the time of `replace`
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def has_zone(text: str) -> bool:
    """Return whether a moment that ``from_text`` can read has an offset from UTC."""
    return datetime.fromisoformat(text.strip().replace("/", "-").replace(", ", "T")).tzinfo is not None


def from_epoch(count: float, *, per_second: int = 1) -> datetime:
    """Read a moment from a count since 1970-01-01T00:00:00Z.

    Args:
        count: how many, in units of ``1 / per_second`` seconds.
        per_second: 1 for seconds, 1000 for milliseconds.

    Raises:
        ValueError, OverflowError: the count is not finite, or beyond year 1 to 9999.
    """
    return EPOCH + timedelta(0, count / per_second)  # a name for the seconds would take as long again


def rfc3339(moment: datetime) -> str:
    """Write a moment that is in UTC: it ends in ``Z`` and has a fraction only where there is one."""
    return orjson.dumps(moment, option=orjson.OPT_UTC_Z)[1:-1].decode()  # a fifth of the time of `isoformat`


def rfc3339_with_milliseconds(moment: datetime) -> str:
    """Write a moment that is in UTC with just three digits of the second, cut off, not rounded."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def moment_text(text: object) -> str:
    """Rewrite a moment that a user gave, as RFC 3339.

    Raises:
        ValueError: it is no date, or one that does not exist.
    """
    return rfc3339(from_text(text))


def epoch_seconds(moment: datetime) -> int:
    """Count whole seconds from 1970 to a moment, rounded down."""
    return (moment - EPOCH) // timedelta(seconds=1)


def midnight(moment: datetime) -> datetime:
    """Give the start of the moment's UTC day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def from_config(text: str) -> datetime:
    """Read a date that a user wrote in a config, as ``2026-01-31`` or ``2026-01-31T08:00:00Z``.

    Raises:
        ValueError: it has another form, or does not exist.
    """
    import pendulum  # noqa: PLC0415 - a twentieth of the start-up time, and `spec` needs no dates

    moment = pendulum.parse(text.strip(), tz="UTC", strict=True)
    if not isinstance(moment, pendulum.DateTime):
        raise ValueError(f"{text!r} is not a date")
    return datetime.fromisoformat(moment.isoformat()).astimezone(UTC)


def in_words(seconds: float) -> str:
    """Say how long something lasts, for people: ``2 hours 5 minutes``."""
    import pendulum  # noqa: PLC0415 - as above

    whole = round(seconds)
    if whole >= 600:
        whole -= whole % 60
    return pendulum.duration(seconds=max(whole, 1)).in_words(locale="en")
