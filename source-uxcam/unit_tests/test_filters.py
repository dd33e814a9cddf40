"""Filters are checked against the data type before anything is sent, and sent as strict compact JSON."""

import json
from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from session_source.testing import request_of
from source_uxcam import SourceUxcam
from source_uxcam.data_access_v2 import Events, Sessions, Users
from source_uxcam.session_api import Sessions as OldSessions


def old(*filters: dict[str, Any]) -> dict[str, str]:
    sent = dict(request_of(OldSessions(list(filters))).params)
    del sent["page"], sent["sessiondate"]
    return sent


def new(endpoint: type[Any], *filters: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = json.loads(request_of(endpoint(list(filters))).params["filters"])
    return sent[1:]


@pytest.mark.parametrize(
    ("field", "operator", "values", "sent"),
    [
        ("totalgesture", "is", ["5"], '{"operator":"is","value":5}'),
        ("totalgesture", "in", [5, 6, "7"], '{"operator":"in","value":[5,6,7]}'),
        ("totalgesture", "gteq", ["8.5"], '{"operator":"gteq","value":8.5}'),
        ("screencount", "notin", [1.5, "2"], '{"operator":"notin","value":[1.5,2]}'),
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
        ("sessiondate", "on", ["2019-01-01"], "The fields are: alias"),
        ("shoesize", "is", ["42"], "The fields are: alias"),
        ("totalgesture", "contains", ["5"], "a number from 0"),
        ("totalgesture", "is", ["five"], "a number from 0"),
        ("totalgesture", "is", [-1], "a number from 0"),
        ("totalgesture", "is", ["nan"], "a number from 0"),
        ("sessionlength", "gt", ["1e999"], "a number"),
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
def test_a_filter_that_cannot_be_sent_is_reported_with_what_its_field_takes(
    field: str, operator: str, values: list[Any], words: str
) -> None:
    with pytest.raises(AirbyteTracedException) as caught:
        old({"field": field, "operator": operator, "values": values})
    assert words in str(caught.value)
    assert "Filter number 1" in str(caught.value)
    assert field in str(caught.value) or "The fields are" in words


@pytest.mark.promise(n=8)
@pytest.mark.parametrize("place", ["field", "operator", "values"])
def test_values_of_a_filter_are_never_quoted(place: str) -> None:
    pasted = "s3cret-that-was-pasted"
    one = {"field": "totalgesture", "operator": "is", "values": ["5"]}
    with pytest.raises(AirbyteTracedException) as caught:
        old(one | {place: [pasted] if place == "values" else pasted})
    assert pasted not in str(caught.value)


@pytest.mark.promise(n=8)
def test_two_filters_of_an_unknown_field_do_not_quote_it() -> None:
    one = {"field": "s3cret-that-was-pasted", "operator": "is", "values": ["5"]}
    with pytest.raises(AirbyteTracedException, match="Filter number 1") as caught:
        old(one, one)
    assert "s3cret-that-was-pasted" not in str(caught.value)


def test_the_session_api_takes_one_filter_per_field() -> None:
    one = {"field": "appversion", "operator": "is", "values": ["1"]}
    with pytest.raises(AirbyteTracedException, match="two filters for appversion"):
        old(one, one)


def test_v2_takes_several_filters_on_one_attribute() -> None:
    plan = {"field": "user_custom_property", "operator": "equal", "values": ["pro"], "property_name": "plan"}
    country = {**plan, "values": ["US"], "property_name": "country"}
    assert [(one["property_name"], one["value"]) for one in new(Sessions, plan, country)] == [
        ("plan", "pro"),
        ("country", "US"),
    ]


@pytest.mark.parametrize(
    ("one", "sent"),
    [
        (
            {"field": "session_duration", "operator": "greater", "values": ["18"]},
            {"attribute": "session_duration", "operator": "greater", "value": 18},
        ),
        (
            {"field": "session_crashed", "operator": "equal", "values": [True]},
            {"attribute": "session_crashed", "operator": "equal", "value": True},
        ),
        (
            {"field": "session_has_video", "operator": "equal", "values": ["false"]},
            {"attribute": "session_has_video", "operator": "equal", "value": False},
        ),
        (
            {"field": "session_duration", "operator": "greater_than", "values": [30.5]},
            {"attribute": "session_duration", "operator": "greater_than", "value": 30.5},
        ),
        (
            {"field": "session_gesture_count", "operator": "less_than", "values": ["3"]},
            {"attribute": "session_gesture_count", "operator": "less_than", "value": 3},
        ),
        (
            {"field": "session_number_of_user", "operator": "equal", "values": ["1"]},
            {"attribute": "session_number_of_user", "operator": "equal", "value": 1},
        ),
        (
            {"field": "event_name", "operator": "equal", "values": ["purchase"], "property_name": "price"},
            {"attribute": "event_name", "operator": "equal", "value": "purchase", "property_name": "price"},
        ),
        (
            {"field": "event_name", "operator": "in", "values": ["purchase"], "property_name": ""},
            {"attribute": "event_name", "operator": "in", "value": ["purchase"]},
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
    count = {"field": "user_session_count", "operator": "equal", "values": ["10"]}
    assert new(Sessions, count) == new(Events, count) == []
    assert new(Users, count) == [{"attribute": "user_session_count", "operator": "equal", "value": 10}]


def test_custom_properties_need_their_name() -> None:
    with pytest.raises(AirbyteTracedException, match="property_name"):
        new(Sessions, {"field": "user_custom_property", "operator": "equal", "values": ["x"]})


@pytest.mark.parametrize("field", ["device_country", "session_duration"])
def test_fields_without_properties_take_no_name_of_one(field: str) -> None:
    value = {"device_country": "US", "session_duration": 3}[field]
    operator = {"device_country": "equal", "session_duration": "greater"}[field]
    with pytest.raises(AirbyteTracedException, match=rf"{field} takes no property_name.*user_custom_property"):
        new(Sessions, {"field": field, "operator": operator, "values": [value], "property_name": "plan"})


def test_filters_are_checked_by_check() -> None:
    api = {"version": "session_api", "filters": [{"field": "x", "operator": "is", "values": ["y"]}]}
    with pytest.raises(AirbyteTracedException, match="The fields are: alias"):
        SourceUxcam().endpoints({"app_id": "a", "api_key": "b", "start_date": "2026-01-01", "api": api})
