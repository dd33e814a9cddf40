"""Two hundred apps are read at once, each with its own state."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sandbox_server import Answer, Config, Keys, Request, Vendor, serve

from integration_tests import figures
from integration_tests.forked import ForkedConnector
from integration_tests.inside import InsideConnector
from integration_tests.test_protocol import check_order
from integration_tests.whole import check_whole

PAGE = 100


class Apps(Vendor):
    """``apps`` apps of ``sessions`` sessions each, spread evenly over ``days`` days until yesterday."""

    name = "apps"

    def __init__(self, *, apps: int, sessions: int, days: int) -> None:
        super().__init__()
        self.names = [f"app {number}" for number in range(apps)]
        self.first = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)
        self.moments = [self.first + n * timedelta(days=days) / sessions for n in range(sessions)]

    def answer(self, request: Request) -> Answer:
        asked = request.json()
        after, before = (datetime.fromisoformat(asked["created_at"][name]) for name in ("after", "before"))
        found = [n for n, moment in enumerate(self.moments) if after <= moment <= before]
        start = int(asked.get("cursor", 0))
        rows = [
            {
                "session_id": f"{asked['version_key']}/{n}",
                "created_at": self.moments[n].isoformat(),
                "type": "mobile",
                "platform": "android",
            }
            for n in found[start : start + PAGE]
        ]
        more = {"next_cursor": str(start + PAGE)} if len(found) > start + PAGE else {}
        return Answer.json({"sessions": rows, **more})

    def error(self, status: int, path: str = "") -> Answer:
        return Answer.json({"error": path}, status)

    def configs(self, origin: str) -> dict[str, Config]:
        return {
            "apps": {
                "access_token": "token",
                "apps": [{"version_key": name, "platform": "android"} for name in self.names],
                "start_date": self.first.strftime("%Y-%m-%d"),
                "lookback_window_days": 0,
                "base_url": origin,
            }
        }

    def expected(self, config_name: str) -> Keys:
        keys = [(name, "android", f"{name}/{n}") for name in self.names for n in range(len(self.moments))]
        return {"sessions": keys, "session_recordings": []}

    def grow(self, count: int) -> None:
        raise NotImplementedError

    def delete(self, count: int) -> None:
        raise NotImplementedError


@pytest.mark.soak
@pytest.mark.promise(n=1)
@pytest.mark.promise(n=4)
@pytest.mark.promise(n=9)
def test_two_hundred_partitions_are_read_each_with_its_own_state(tmp_path: Path) -> None:
    vendor = Apps(apps=200, sessions=6, days=6)
    with serve(vendor) as server:
        config = {**vendor.configs(server.origin)["apps"], "window_in_days": 4, "num_workers": 16}
        connector = ForkedConnector("source-devrev", config, tmp_path)
        inside = InsideConnector("source-devrev", config, tmp_path)
        assert inside.run("check").of_type("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
        assert server.count == 10
        output = connector.read()
        assert output.exit_code == 0, output.log
        check_order(output)
        check_whole(connector, [output], vendor.expected("apps"))
        parts = output.states["sessions"]["states"]
        assert sorted(part["partition"]["version_key"] for part in parts) == sorted(vendor.names)
        assert {len(part["cursor"]["slices"]) for part in parts} == {1}
        assert inside.read(state=output.state).records == {}
        figures.count(partitions_at_once=len(parts))
