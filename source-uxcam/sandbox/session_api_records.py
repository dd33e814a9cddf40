"""The records of the old API, with every field that https://dashboardapi.uxcam.com/public/session shows."""

import calendar
import time
from typing import Any

import orjson

from .data import old_form
from .readings import SessionApiReadings
from .records import Session


class Writer:
    """Serializes each record once."""

    def __init__(self, readings: SessionApiReadings) -> None:
        self._ahead = round(readings.hours_ahead * 3600) if readings.writes_local else 0
        # The times of the page's own examples are unchanged unless an option affects them.
        self._rewrites = readings.writes_local or readings.date_by == "occurrence"
        self._form = f"old {self._ahead} {self._rewrites}"

    def write(self, session: Session) -> bytes:
        """Return the record of a session, as JSON."""
        if self._form not in session.written:
            session.written[self._form] = orjson.dumps(self.record(session))
        return session.written[self._form]

    def record(self, session: Session) -> dict[str, Any]:
        """Return the record of a session."""
        if session.original is None:
            return record(session, self._server_times(session))
        if not self._rewrites:
            return session.original
        original = session.original
        return {**original, "session": {**original["session"], **self._server_times(session)}}

    def _server_times(self, session: Session) -> dict[str, str]:
        return {
            "uploaded_server_time": old_form(session.uploaded + self._ahead),
            "verified_server_time": old_form(session.verified + self._ahead),
        }


def record(session: Session, server_times: dict[str, str]) -> dict[str, Any]:
    """Return the record of a session that is not one of the page's examples."""
    place, user = session.place, session.user
    zone = int(session.device.record["time_zone"])
    local = session.verified + zone * 3600 - (37 if session.offline else 0)
    return {
        "id": session.id,
        "session": {
            **server_times,
            "recorded_device_time": old_form(local),
            "weekday_device": calendar.day_abbr[time.gmtime(local).tm_wday],
            "offline_recorded": int(session.offline),
            "is_crashed": int(session.crashed),
            "has_video": int(session.video),
            "duration_sec": session.duration,
            "screen_count": session.screens,
            "gesture_count": session.gestures,
            "unresponsive_gesture_count": session.unresponsive,
            "rage_gesture_count": session.rage,
        },
        "location": {
            "country_code": place.code,
            "city": place.city,
            "latitude": place.latitude,
            "longitude": place.longitude,
        },
        "user": {
            "name": user.name,
            "session_number": session.number,
            "random_alias": user.alias,
            "uxcam_id": user.id,
        },
        "device": session.device.record,
        "flow": orjson.Fragment(session.flow.written),
        "properties": session.properties,
    }
