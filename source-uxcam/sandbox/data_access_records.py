"""The records of the new API, with every field that https://developer.uxcam.com shows for lists."""

import time
from typing import Any

import orjson

from .records import Device, Event, Session, User

# The documentation has numbers for Android and iOS but not for the web.
PLATFORM_NUMBERS = {"android": 1, "ios": 2, "web": 3}
TIME_FORMS = {"iso": "%Y-%m-%dT%H:%M:%SZ", "space": "%Y-%m-%d %H:%M:%S"}
DASHBOARD = "https://app.uxcam.com/app"


def session_properties(session: Session) -> dict[str, Any]:
    """Return the custom properties of a session's user, with the ones UXCam adds."""
    return {**session.properties, "alias": session.user.alias, "uxcamuserid": session.user.id}


def device_of(device: Device) -> dict[str, Any]:
    """Return a session's device."""
    told = device.record
    return {
        "carrierCode": "42901" if told["carrier_name"] else None,
        "carrierName": told["carrier_name"],
        "osName": told["os_version"].rpartition(" ")[0],
        "appVersion": told["app_version"],
        "sdkVersion": told["sdk_version"],
        "osVersion": device.version,
        "language": told["language"],
        "country": told["country"],
        "totalStorageInKB": told["total_storage_in_kb"],
        "totalRamInKB": told["total_ram_kb"],
        "freeRamInKb": told["free_ram_kb"],
        "dpi": told["dpi"],
        "height": told["height"],
        "width": told["width"],
        "type": told["type"],
        "class": told["class"],
        "producer": told["producer"],
        "model": told["model"],
        "deviceId": told["id"],
        "isNotificationEnabled": None
        if told["notification_enabled"] is None
        else bool(told["notification_enabled"]),
        "isRooted": bool(told["is_rooted"]),
        "platform": device.platform,
    }


class Writer:
    """Serializes each record once. `form` is one of TIME_FORMS, since the vendor's pages show both.

    The form without a zone is written in a time zone `hours` ahead of UTC.
    """

    def __init__(self, app_id: str, form: str, hours: float) -> None:
        self.app_id = app_id
        self.form = form
        self._ahead = 0 if form == "iso" else round(hours * 3600)

    def moment(self, seconds: int) -> str:
        """Format a time in the chosen form."""
        return time.strftime(TIME_FORMS[self.form], time.gmtime(seconds + self._ahead))

    def write(self, row: Session | Event | User) -> bytes:
        """Return the record of a row, as JSON."""
        written = row.written.get(self.form)
        if written is None:
            if isinstance(row, Session):
                record = self.session(row)
            elif isinstance(row, Event):
                record = self.event(row)
            else:
                record = self.user(row)
            written = row.written[self.form] = orjson.dumps(record)
        return written

    def session(self, session: Session) -> dict[str, Any]:
        """Return a session; `user` alternates between the two shapes of the vendor's samples."""
        record: dict[str, Any] = {
            "sessionId": session.id,
            "url": f"{DASHBOARD}/{self.app_id}/sessions/list/1/{session.id}",
            "property": {
                "uploadedServerTime": self.moment(session.uploaded),
                "deviceLocalDateTime": self.moment(session.verified + 4 * 3600),
                "verifiedServerTime": self.moment(session.verified),
                "offlineRecorded": session.offline,
                "hasVideo": session.video,
                "isCrashed": session.crashed,
                "durationSec": session.duration,
                "totalGesture": session.gestures,
                "totalScreen": session.screens,
                "uniqueScreensCount": len(session.flow.screen_names),
                "rageGestureCount": session.rage,
                "networkType": session.network,
            },
            "device": device_of(session.device),
            "location": {
                "countryCode": session.place.code,
                "city": session.place.city,
                "longitude": session.place.longitude,
                "latitude": session.place.latitude,
            },
        }
        if session.order % 2:
            return {**record, "sessionNumber": session.number, "user": session_properties(session)}
        user = {"sessionNumber": session.number, "userProperty": session_properties(session)}
        return {**record, "user": user}

    def event(self, event: Event) -> dict[str, Any]:
        """Return an event with a part of its session."""
        session, device = event.session, event.session.device
        return {
            "eventId": event.id,
            "eventName": event.content["name"],
            "eventScreen": event.screen,
            "eventDate": self.moment(event.at),
            "eventPropertyTime": event.content["time"],
            "url": f"{DASHBOARD}/{self.app_id}/sessions/list/1/{session.id}",
            "sessionProperty": {
                "sessionId": session.id,
                "hasVideo": session.video,
                "isCrashed": session.crashed,
                "durationSec": session.duration,
                "totalGesture": session.gestures,
                "totalScreen": session.screens,
                "uniqueScreensCount": len(session.flow.screen_names),
                "networkType": session.network,
                "sessionNumber": session.number,
                "country": session.place.country,
            },
            "userProperty": session_properties(session),
            "eventProperty": event.content["params"],
            "device": {
                "model": device.record["model"],
                "deviceId": device.record["id"],
                "platform": PLATFORM_NUMBERS[device.platform],
                "appVersion": device.record["app_version"],
                "osVersion": device.version,
                "producer": device.record["producer"],
                "class": device.record["class"],
            },
        }

    def user(self, user: User) -> dict[str, Any]:
        """Return a user, with sums over all stored sessions."""
        sessions, device = user.sessions, user.device
        gestures = sum(session.gestures for session in sessions)
        unresponsive = sum(session.unresponsive for session in sessions)
        return {
            "uxcamUserId": user.id,
            "userId": user.identity,
            "url": f"{DASHBOARD}/{self.app_id}/users/list/1/{user.id}",
            "property": {**user.properties, "alias": user.alias},
            "usage": {
                "registeredOn": self.moment(user.registered),
                "lastseenOn": self.moment(user.active[-1]),
                "totaluser": len(sessions),
                "totaluserTime": sum(session.duration for session in sessions),
                "totalGesture": gestures,
                "screenCount": sum(session.screens for session in sessions),
                "eventCount": sum(len(session.events) for session in sessions),
                "rageGestureCount": sum(session.rage for session in sessions),
                "responsiveGestureCount": gestures - unresponsive,
                "unresponsiveGestureCount": unresponsive,
            },
            "location": {
                "countryCode": user.place.code,
                "city": user.place.city,
                "country": user.place.country,
            },
            "device": {
                "model": device.record["model"],
                "deviceId": device.record["id"],
                "platform": device.platform,
                "appVersion": device.record["app_version"],
                "osVersion": device.version,
            },
        }
