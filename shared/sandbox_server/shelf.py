"""The smallest vendor: for tests of the server itself, and as a template for a new vendor's sandbox."""

import json
from typing import Any

from sandbox_server.message import Answer, Request
from sandbox_server.vendor import Config, Keys, Record, Vendor


class Shelf(Vendor):
    """One page with `size` words, two records and a token; `/broken` raises an exception."""

    name = "shelf"

    def __init__(self) -> None:
        super().__init__()
        self.size = 2000

    def answer(self, request: Request) -> Answer:
        """Answer with the page; `/broken` raises."""
        if request.path == "/broken":
            raise RuntimeError("broken on purpose")
        asked = dict(request.query)
        records = [{"number": 1}, {"number": 2}]
        return Answer.json(
            {"words": ["wörd"] * self.size, "records": records, "token": "next", "page": asked.get("page")}
        )

    def error(self, status: int, path: str = "") -> Answer:
        """Answer an error as JSON."""
        return Answer.json({"error": status, "path": path}, status)

    def error_inside(self, path: str = "") -> Answer:
        """Answer an error with status 200."""
        return Answer.json({"error": "inside", "path": path})

    def repeat_token(self, answer: Answer) -> Answer:
        """Answer with the token `before`."""
        return Answer.json({**json.loads(answer.body), "token": "before"})

    def records(self, content: Any) -> list[Record]:
        """Return the two records."""
        return list(content["records"])

    def configs(self, origin: str) -> dict[str, Config]:
        """Return the one config."""
        return {"all": {"base_url": origin}}

    def expected(self, config_name: str) -> Keys:
        """Return a key per word."""
        return {config_name: [(index,) for index in range(self.size)]}

    def grow(self, count: int) -> None:
        """Add words."""
        self.size += count

    def delete(self, count: int) -> None:
        """Remove words."""
        self.size -= count
