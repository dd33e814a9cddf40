"""Traffic of the demo: a shop with a website and an app."""

from typing import Any

from sandbox_server.traffic import Traffic

SHOP = Traffic(
    hosts=("shop.example.com", "www.example.com", "blog.example.com"),
    pages=(
        ("/", "Home"),
        ("/", "Home"),
        ("/shoes", "Shoes"),
        ("/shoes/trail", "Trail shoes"),
        ("/sale", "Sale"),
        ("/search", "Search"),
        ("/cart", "Cart"),
        ("/cart", "Cart"),
        ("/checkout", "Checkout"),
        ("/account", "My account"),
        ("/help", "Help"),
    ),
    screens=("Home", "Home", "Search", "Product", "Product", "Cart", "Checkout", "Profile"),
    events=("purchase", "add_to_cart", "add_to_cart", "login", "search", "share"),
    views=("buy", "add", "menu", "search", "back"),
    people=(("Priya Nair", "priya@example.com"), ("Sam Lee", "sam@example.com"), None, None),
    tags=(("converted", "1"), ("plan", "pro"), ("plan", "free"), ("experiment", "b")),
    seconds=(8, 25, 42, 70, 110, 160, 289, 420, 600, 1500),
)

OPTIONS: dict[str, dict[str, Any]] = {
    "source-devrev": {"examples": "none"},
    "source-inspectlet": {"examples": "none"},
    "source-opentracker": {"examples": "none"},
    "source-uxcam": {"examples": "none"},
}
"""The records on the vendors' pages are years old."""


def options(folder: str) -> dict[str, Any]:
    """Return the options with which a vendor's sandbox has the shop's traffic."""
    return {"traffic": SHOP} | OPTIONS.get(folder, {})
