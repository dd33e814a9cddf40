"""The smallest vendor: for the tests of the server itself, and as a pattern for the next one."""

import json
from typing import Any

from integration_tests.sandbox.message import Answer, Request
from integration_tests.sandbox.vendor import Config, Keys, Record, Vendor


class Shelf(Vendor):
    """One page that holds `size` words, two records and a token; `/broken` breaks."""

    name = "shelf"

    def __init__(self) -> None:
        super().__init__()
        self.size = 2000

    def answer(self, request: Request) -> Answer:
        if request.path == "/broken":
            raise RuntimeError("broken on purpose")
        asked = dict(request.query)
        records = [{"number": 1}, {"number": 2}]
        return Answer.json(
            {"words": ["wörd"] * self.size, "records": records, "token": "next", "page": asked.get("page")}
        )

    def error(self, status: int, path: str = "") -> Answer:
        return Answer.json({"error": status, "path": path}, status)

    def error_inside(self, path: str = "") -> Answer:
        return Answer.json({"error": "inside", "path": path})

    def repeat_token(self, answer: Answer) -> Answer:
        return Answer.json({**json.loads(answer.body), "token": "before"})

    def records(self, content: Any) -> list[Record]:
        return list(content["records"])

    def configs(self, origin: str) -> dict[str, Config]:
        return {"all": {"base_url": origin}}

    def expected(self, config_name: str) -> Keys:
        return {config_name: [(index,) for index in range(self.size)]}

    def grow(self, count: int) -> None:
        self.size += count

    def delete(self, count: int) -> None:
        self.size -= count
