"""Filters are checked against the data type before anything is sent, and sent as strict compact JSON."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source import Window
from source_uxcam import SourceUxcam
from source_uxcam.data_access_v2 import Events, Sessions, Users
from source_uxcam.session_api import Sessions as OldSessions

WINDOW = Window(datetime(2023, 1, 1, tzinfo=UTC), datetime(2023, 1, 2, tzinfo=UTC))


def old(*filters: dict[str, Any]) -> dict[str, str]:
    sent = dict(OldSessions(list(filters)).request(WINDOW, {}, 1).params)
    del sent["page"], sent["sessiondate"]
    return sent


def new(endpoint: type[Any], *filters: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = json.loads(endpoint(list(filters)).request(WINDOW, {}, 1).params["filters"])
    return sent[1:]


@pytest.mark.parametrize(
    ("field", "operator", "values", "sent"),
    [
        ("totalgesture", "is", ["5"], '{"operator":"is","value":5}'),
        ("totalgesture", "in", [5, 6, "7"], '{"operator":"in","value":[5,6,7]}'),
        ("sessionlength", "gt", ["30.5"], '{"operator":"gt","value":30.5}'),
        ("sessionlength", "lt", [30], '{"operator":"lt","value":30}'),
        ("appversion", "contains", ["10"], '{"operator":"contains","value":"10"}'),
        ("appversion", "notin", ["10.2.3", "10.2.4"], '{"operator":"notin","value":["10.2.3","10.2.4"]}'),
        ("video", "is", ["true"], '{"operator":"is","value":true}'),
        ("crashed", "is", [False], '{"operator":"is","value":false}'),
        ("platform", "isandroid", [], '{"operator":"isandroid","value":""}'),
        ("platform", "isios", [""], '{"operator":"isios","value":""}'),
        ("eventname", "hasall", ["purchaseEvent"], '{"operator":"hasall","value":["purchaseEvent"]}'),
    ],
)
def test_the_session_api_gets_filters_as_its_page_shows_them(
    field: str, operator: str, values: list[Any], sent: str
) -> None:
    assert old({"field": field, "operator": operator, "values": values}) == {field: sent}


@pytest.mark.parametrize(
    ("field", "operator", "values", "words"),
    [
        ("sessiondate", "on", ["2019-01-01"], "is none of"),
        ("shoesize", "is", ["42"], "is none of"),
        ("totalgesture", "contains", ["5"], "whole number"),
        ("totalgesture", "is", ["five"], "whole number"),
        ("totalgesture", "is", [-1], "whole number"),
        ("totalgesture", "is", [1, 2], "one value"),
        ("sessionlength", "gteq", [1], "gt, lt"),
        ("appversion", "is", [], "one value"),
        ("appversion", "in", [], "a list"),
        ("appversion", "is", [True], "text"),
        ("video", "is", ["maybe"], "true or false"),
        ("platform", "isandroid", ["yes"], "no value"),
        ("eventname", "is", ["buy"], "hasany"),
    ],
)
def test_a_filter_that_cannot_be_sent_is_told_with_what_its_field_takes(
    field: str, operator: str, values: list[Any], words: str
) -> None:
    with pytest.raises(AirbyteTracedException) as caught:
        old({"field": field, "operator": operator, "values": values})
    assert words in str(caught.value)
    assert field in str(caught.value)


def test_two_filters_for_a_field_are_one_too_many() -> None:
    one = {"field": "appversion", "operator": "is", "values": ["1"]}
    with pytest.raises(AirbyteTracedException, match="two filters for appversion"):
        old(one, one)


@pytest.mark.parametrize(
    ("one", "sent"),
    [
        (
            {"field": "session_duration", "operator": "greater", "values": ["18"]},
            {"attribute": "session_duration", "operator": "greater", "value": 18},
        ),
        (
            {"field": "session_crashed", "operator": "equal", "values": [True]},
            {"attribute": "session_crashed", "operator": "equal", "value": "true"},
        ),
        (
            {"field": "session_screen_list", "operator": "has_any", "values": ["Home"]},
            {"attribute": "session_screen_list", "operator": "has_any", "value": ["Home"]},
        ),
        (
            {
                "field": "user_custom_property",
                "operator": "in",
                "values": ["gold", "silver"],
                "property_name": "plan",
            },
            {
                "attribute": "user_custom_property",
                "operator": "in",
                "value": ["gold", "silver"],
                "property_name": "plan",
            },
        ),
    ],
)
def test_v2_gets_filters_as_attributes(one: dict[str, Any], sent: dict[str, Any]) -> None:
    assert new(Sessions, one) == [sent]


def test_dates_of_v2_are_moments_in_utc() -> None:
    one = {
        "field": "user_first_seen_on",
        "operator": "between_dates",
        "values": ["2023-01-01", "2023-02-01T08:00:00Z"],
    }
    assert new(Users, one) == [
        {
            "attribute": "user_first_seen_on",
            "operator": "between_dates",
            "value": {"lower": "2023-01-01T00:00:00Z", "upper": "2023-02-01T08:00:00Z"},
        }
    ]


def test_a_filter_that_an_endpoint_does_not_know_is_left_out_for_it() -> None:
    screen = {"field": "event_screen_name", "operator": "equal", "values": ["Home"]}
    assert new(Sessions, screen) == []
    assert len(new(Events, screen)) == 1


def test_custom_properties_need_their_name() -> None:
    with pytest.raises(AirbyteTracedException, match="property_name"):
        new(Sessions, {"field": "user_custom_property", "operator": "equal", "values": ["x"]})


def test_filters_are_checked_by_check() -> None:
    api = {"version": "session_api", "filters": [{"field": "x", "operator": "is", "values": ["y"]}]}
    with pytest.raises(AirbyteTracedException, match="is none of"):
        SourceUxcam().endpoints({"app_id": "a", "api_key": "b", "start_date": "2026-01-01", "api": api})
