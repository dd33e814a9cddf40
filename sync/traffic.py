"""Traffic of the demo: pages, names and lengths as a shop has them.

The sandboxes' own are chosen to break software, and tests need them; a demo that shows them tells nobody anything.
"""

import importlib
from typing import Any

from sandbox_server.vendor import vendor_class

OPTIONS: dict[str, dict[str, Any]] = {
    "source-devrev": {"examples": "none"},
    "source-inspectlet": {"examples": "none"},
    "source-opentracker": {"examples": "none", "longest_days": 0.03},
    "source-uxcam": {"examples": "none"},
}
"""Without the records of the vendors' pages, which are years old."""

_PATHS = (
    "/",
    "/",
    "/shoes",
    "/shoes/trail",
    "/sale",
    "/search",
    "/cart",
    "/cart",
    "/checkout",
    "/account",
    "/help",
)
_TITLES = ("Home", "Shoes", "Trail shoes", "Sale", "Cart", "Checkout", "My account", "Help")
_SCREENS = ("Home", "Home", "Search", "Product", "Product", "Cart", "Checkout", "Profile")

_LISTS: dict[str, dict[str, tuple[Any, ...]]] = {
    "source-browsee": {
        "cast.DOMAINS": ("shop.example.com", "www.example.com"),
        "cast.PATHS": _PATHS,
        "cast.PEOPLE": (("Priya Nair", "priya@example.com"), ("Sam Lee", "sam@example.com"), (None, None)),
        "cast.TAGS": (["vip"], {"plan": "pro"}, []),
    },
    "source-devrev": {"records.SCREENS": _SCREENS[1:]},
    "source-inspectlet": {
        "cast.HOSTS": ("https://www.example.com", "https://shop.example.com", "https://blog.example.com"),
        "cast.SITE_NAMES": ("Example", "Shop", "Blog"),
        "cast.PATHS": _PATHS,
        "cast.TITLES": _TITLES,
        "cast.LENGTHS": (8, 25, 42, 70, 110, 160, 289, 420, 600, 1500),
        "cast.NAMES": ("Priya Nair", "Sam Lee", "Ann Chovey", None, None),
        "cast.TAGS": (("converted", "1"), ("plan", "pro"), ("plan", "free"), ("experiment", "b")),
    },
    "source-uxcam": {
        "flows.SCREENS": _SCREENS,
        "flows.EVENTS": ("purchase", "add_to_cart", "add_to_cart", "login", "search", "share"),
        "flows.VIEWS": ("buy", "add", "menu", "search", "back"),
    },
}

_OPENTRACKER = tuple(zip(("/", "/shoes", "/sale", "/cart", "/checkout"), _TITLES[:5], strict=True))


def use(folder: str) -> dict[str, Any]:
    """Let a vendor's sandbox, in this process, have everyday traffic; returns the options to load it with."""
    vendor_class(folder)
    package = "sandbox_of_" + folder.replace("-", "_")
    for place, values in _LISTS.get(folder, {}).items():
        module, name = place.split(".")
        getattr(importlib.import_module(f"{package}.{module}"), name)[:] = values
    if folder == "source-opentracker":
        cast = importlib.import_module(f"{package}.cast")
        cast.PAGES[:] = [cast.WebPage(path, title) for path, title in _OPENTRACKER]
    if folder == "source-devrev":
        records = importlib.import_module(f"{package}.records")
        records.PAGES[:] = [records.Page(title, f"https://shop.example.com{path}") for path, title in _OPENTRACKER]
    return OPTIONS.get(folder, {})
