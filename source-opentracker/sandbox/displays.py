"""Dates in the format of `dateFormat`, which uses the letters of Java's SimpleDateFormat."""

import calendar
import datetime as dt
import re
from collections.abc import Callable

# The format in the page's example: `Nov 17 12:46 AM`.
DEFAULT = "MMM dd hh:mm a"
PIECES = re.compile(
    r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>[^'A-Za-z])"
)


def number(of: Callable[[dt.datetime], int]) -> Callable[[dt.datetime, int], str]:
    """Format a number with at least as many digits as there are letters."""
    return lambda moment, width: str(of(moment)).zfill(width)


def year(moment: dt.datetime, width: int) -> str:
    """Format a year: two letters mean two digits, any other number of letters all digits."""
    return f"{moment.year % 100:02d}" if width == 2 else str(moment.year).zfill(width)


def month(moment: dt.datetime, width: int) -> str:
    """Format a month: a name from three letters on, otherwise a number."""
    if width < 3:
        return str(moment.month).zfill(width)
    return (calendar.month_abbr if width == 3 else calendar.month_name)[moment.month]


LETTERS: dict[str, Callable[[dt.datetime, int], str]] = {
    "y": year,
    "M": month,
    "d": number(lambda moment: moment.day),
    "H": number(lambda moment: moment.hour),
    "h": number(lambda moment: moment.hour % 12 or 12),
    "m": number(lambda moment: moment.minute),
    "s": number(lambda moment: moment.second),
    "S": number(lambda moment: moment.microsecond // 1000),
    "a": lambda moment, _: "AM" if moment.hour < 12 else "PM",
    "E": lambda moment, width: (calendar.day_abbr if width < 4 else calendar.day_name)[moment.weekday()],
    "z": lambda moment, _: moment.tzname() or "",
    "Z": lambda moment, _: moment.strftime("%z"),
}


def pieces(pattern: str) -> list[re.Match[str]]:
    """Split a pattern into its parts; raises ValueError with Java's message if it is invalid."""
    found = list(PIECES.finditer(pattern))
    if "".join(piece[0] for piece in found) != pattern:
        raise ValueError("Unterminated quote")
    for piece in found:
        if piece["letter"] and piece["letter"] not in LETTERS:
            raise ValueError(f"Illegal pattern character '{piece['letter']}'")
    return found


def display(moment: dt.datetime, pattern: str) -> str:
    """Format a time."""
    shown = []
    for piece in pieces(pattern):
        if piece["letter"]:
            shown.append(LETTERS[piece["letter"]](moment, len(piece["letters"])))
        elif piece["other"]:
            shown.append(piece["other"])
        else:
            shown.append((piece["quoted"] or "'").replace("''", "'"))
    return "".join(shown)
