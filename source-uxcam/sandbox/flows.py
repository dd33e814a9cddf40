"""What happens inside a session: screens, gestures, events."""

import random
from dataclasses import dataclass
from typing import Any

import orjson
from sandbox_server.traffic import Traffic

POOL = 400
SCREENS = [
    "Home",
    "Product List",
    "ActivityUserDetails",
    "Détails du panier",
    "設定",
    "activitycrash",
    "Checkout",
]
EVENTS = ["purchase", "abortCartEvent", "cancel_cart", "added to cart", "acheté ✓", "ragetap", "login"]
GESTURES = ["Single Tap", "Double Tap", "Swipe", "Pinch", "Long Press"]
VIEWS = ["StartButton", "Löschen", "menu", "", "検索"]


@dataclass(frozen=True)
class Flow:
    """The `flow` of a session record, with the counts that the session and its filters derive from it."""

    written: bytes
    events: tuple[tuple[str, dict[str, Any]], ...]
    """The events, each with the name of its screen."""
    gestures_by_screen: tuple[int, ...]
    events_by_screen: tuple[int, ...]
    screen_names: frozenset[str]
    event_names: frozenset[str]
    duration: float
    gestures: int
    rage: int
    unresponsive: int


def flow_of(screens: list[dict[str, Any]]) -> Flow:
    """Make a flow from its JSON."""
    events = tuple((screen["activity_name"], event) for screen in screens for event in screen["events"])
    gestures = [gesture for screen in screens for gesture in screen["gestures"]]
    return Flow(
        written=orjson.dumps(screens),
        events=events,
        gestures_by_screen=tuple(len(screen["gestures"]) for screen in screens),
        events_by_screen=tuple(len(screen["events"]) for screen in screens),
        screen_names=frozenset(screen["activity_name"] for screen in screens),
        event_names=frozenset(event["name"] for _, event in events),
        duration=screens[-1]["end_time"],
        gestures=len(gestures),
        rage=sum(gesture["rage"] for gesture in gestures),
        unresponsive=sum(1 - gesture["view"]["responsive"] for gesture in gestures),
    )


def flows(dice: random.Random, traffic: Traffic | None = None) -> list[Flow]:
    """Make a pool of flows; sessions share them, because no key depends on a screen's content."""
    return [flow_of(screens(dice, traffic)) for _ in range(POOL)]


def screens(dice: random.Random, traffic: Traffic | None = None) -> list[dict[str, Any]]:
    """Make one to four consecutive screens."""
    start = 0.0
    found = []
    for _ in range(dice.choice([1, 1, 2, 2, 3, 4])):
        end = round(start + dice.uniform(2, 60), 3)
        name = dice.choice(traffic.screens if traffic else SCREENS)
        found.append(
            {
                "activity_name": name,
                "start_time": start,
                "end_time": end,
                "total_time": round(end - start, 3),
                "gestures": [gesture(dice, start, end, traffic) for _ in range(dice.choice([0, 1, 2, 2, 3]))],
                "events": events(dice, name, start, end, traffic),
            }
        )
        start = end
    return found


def gesture(dice: random.Random, start: float, end: float, traffic: Traffic | None = None) -> dict[str, Any]:
    """Make one touch."""
    view = dice.choice(traffic.views if traffic else VIEWS)
    return {
        "type": dice.choice(GESTURES),
        "time": round(dice.uniform(start, end), 3),
        "rage": int(dice.random() < 0.2),
        "view": {
            "name": view,
            "id": f"{view.lower()}_{dice.randrange(400)}" if view else None,
            "class": dice.choice(["Button", "ImageView", "UILabel"]),
            "responsive": int(dice.random() < 0.8),
        },
    }


def events(
    dice: random.Random, screen: str, start: float, end: float, traffic: Traffic | None = None
) -> list[dict[str, Any]]:
    """Make zero to three events; sometimes the same one twice at the same time."""
    found = [
        event(dice, screen, round(dice.uniform(start, end), 3), traffic)
        for _ in range(dice.choice([0, 0, 1, 2, 3]))
    ]
    if found and dice.random() < 0.15:
        found.append(dict(found[-1]))
    return found


def event(dice: random.Random, screen: str, moment: float, traffic: Traffic | None = None) -> dict[str, Any]:
    """Make one event: the app's own, or UXCam's."""
    if dice.random() < 0.25:
        return {"time": moment, "type": "uxcam", "name": "rage_tap", "params": {"screen_name": screen}}
    params: dict[str, Any] = {
        "value": dice.randrange(100),
        "object": dice.choice(["car", "Fahrrad", "🚲", None]),
    }
    if dice.random() < 0.3:
        params = {"reason": "unclear", "nested": {"a": [1, 2.5, "x"]}, "price": round(dice.uniform(1, 99), 2)}
    return {
        "time": moment,
        "type": "user_defined",
        "name": dice.choice(traffic.events if traffic else EVENTS),
        "params": params if dice.random() < 0.9 else {},
    }
