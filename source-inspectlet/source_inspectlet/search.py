"""The search: which sessions are read, apart from their dates. https://apidocs.inspectlet.com/#searching-for-sessions"""

from ipaddress import ip_address

from session_source import Config, Row, config_error

PROPERTIES = (
    "displayname",
    "country",
    "newold",
    "tags",
    "ipaddress",
    "showstarredonly",
    "browser",
    "devices",
    "seslength_start",
    "seslength_end",
    "sestime_start",
    "sestime_end",
    "startpage",
    "visitedpage",
    "exitpage",
    "trafficsource",
)
"""The properties of a search; the spec describes their types."""


def of_config(config: Config) -> Row:
    """Return the search of a config that fits the spec.

    Raises:
        AirbyteTracedException: Inspectlet has no such search.
    """
    search: Row = dict(config.get("search") or {})
    # Empty groups of a form.
    if search.get("tags", {}).get("tagslist") == []:
        del search["tags"]
    if search.get("newold") == {"new": True, "old": True}:
        del search["newold"]
    for name in search:
        if name in {"daterange", "daterangecustom"}:
            raise config_error(
                f"search.{name} cannot be set: the connector sends the dates itself. Use start_date and end_date."
            )
        if name not in PROPERTIES:
            raise config_error(
                f"search has a property that Inspectlet does not have: {name[:80]!r}. Correct or remove it. The "
                f"properties are: {', '.join(PROPERTIES)}."
            )
    _check_address(search)
    for what, unit in (("seslength", "pages"), ("sestime", "seconds")):
        least, most = search.get(f"{what}_start"), search.get(f"{what}_end")
        if least is not None and most is not None and least > most:
            raise config_error(
                f"search.{what}_start is more than search.{what}_end, so no session has so many {unit}. Set it to "
                f"no more than search.{what}_end."
            )
    if "newold" in search:  # the vendor's page has both as "whether to include", and neither as optional
        search["newold"] = {"new": True, "old": True} | search["newold"]
        if not any(search["newold"].values()):
            raise config_error(
                "search.newold excludes new and returning visitors, so no session is left. Set one of them to "
                "true."
            )
    return search


def _check_address(search: Row) -> None:
    if "ipaddress" not in search:
        return
    try:
        ip_address(search["ipaddress"])
    except ValueError:
        raise config_error("search.ipaddress is not an IP address. Write it as 67.128.22.4.") from None
