"""The search: which sessions are read, beside their dates. https://apidocs.inspectlet.com/#searching-for-sessions"""

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
"""What may be searched for; the spec describes the types."""


def of_config(config: Config) -> Row:
    """Take the search out of a config that fits the spec.

    Raises:
        AirbyteTracedException: it holds something that cannot be searched for.
    """
    search: Row = dict(config.get("search") or {})
    # Groups of a form that nobody filled in.
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
            raise config_error(f"search has no property {name!r}. It may have: {', '.join(PROPERTIES)}.")
    _check_address(search)
    for what, unit in (("seslength", "pages"), ("sestime", "seconds")):
        least, most = search.get(f"{what}_start"), search.get(f"{what}_end")
        if least is not None and most is not None and least > most:
            raise config_error(
                f"No session has at least {least} and at most {most} {unit}. Set search.{what}_start to no more "
                f"than search.{what}_end."
            )
    if "newold" in search:  # the vendor's page says "whether to include" of each and calls neither optional
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
