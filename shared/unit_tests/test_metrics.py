"""The file of metrics, as Prometheus's own parser reads it."""

from pathlib import Path

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from prometheus_client.parser import text_string_to_metric_families
from session_source.airbyte.metrics import MetricsFile, written
from session_source.http.traffic import TIMEOUT, Reason, Traffic
from session_source.sync.progress import Progress, StreamProgress
from session_source.sync.reports import Timer


class Clock:
    """A clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Sync:
    """A sync with two streams that writes metrics."""

    def __init__(self, path: Path, moment: float = 1_800_000_000) -> None:
        self.clock = Clock()
        self.traffic = Traffic(clock=self.clock)
        self.progress = Progress([], [], self.traffic, clock=self.clock)
        for name in ("sessions", "events"):
            self.progress.streams[name] = StreamProgress(name, self.traffic.part(name))
        self.path = path
        self.moment = moment
        self.file = MetricsFile(
            path, "source-x", self.progress, timer=Timer(30, self.clock), now=lambda: self.moment
        )

    def end(self, **streams: bool) -> None:
        """End streams well or not, then the sync."""
        for name, is_complete in streams.items():
            stream = self.progress.streams[name]
            self.file.end_stream(stream)
            stream.is_complete = is_complete
            self.file.end_stream(stream)
        self.file.end()

    @property
    def values(self) -> dict[str, float]:
        """The samples, without the labels that all have."""
        found = {}
        for family in text_string_to_metric_families(self.path.read_text()):
            assert family.type == "gauge"
            assert family.documentation
            for sample in family.samples:
                labels = dict(sample.labels)
                assert labels.pop("connector") == "source-x"
                assert labels.pop("sync") == self.path.stem
                found[" ".join([sample.name.removeprefix("session_sync_"), *labels.values()])] = sample.value
        return found


def test_the_file_has_what_the_sync_did(tmp_path: Path) -> None:
    sync = Sync(tmp_path / "shop.prom")
    sync.progress.streams["sessions"].rows = 12_300
    sessions = sync.traffic.part("sessions")
    sessions.count(200, received=5000)
    sessions.count(429, received=10)
    sessions.count(TIMEOUT)
    sessions.count(200, received=5000, is_retry=True)
    with sessions.waiting(Reason.RATE_LIMIT, 30):
        sync.clock.now += 30
    sync.moment += 30
    sync.end(sessions=True, events=False)
    assert sync.values == {
        "start_timestamp_seconds": 1_800_000_000,
        "duration_seconds": 30,
        "last_success_timestamp_seconds sessions": 1_800_000_030,
        "last_success_timestamp_seconds events": 0,
        "rows sessions": 12_300,
        "rows events": 0,
        "windows sessions done": 0,
        "windows sessions open": 0,
        "windows events done": 0,
        "windows events open": 0,
        "requests sessions 200": 2,
        "requests sessions 429": 1,
        "requests sessions timeout": 1,
        "retries sessions": 1,
        "retries events": 0,
        "wait_seconds sessions rate_limit": 30,
        "received_bytes sessions": 10_010,
        "received_bytes events": 0,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["shop.prom"]


def test_a_sync_that_fails_or_is_killed_keeps_the_times_of_earlier_successes(tmp_path: Path) -> None:
    path = tmp_path / "shop.prom"
    name = "last_success_timestamp_seconds"
    Sync(path, 1_800_000_000).end(sessions=True, events=True)
    Sync(path, 1_800_003_600).end(sessions=True, events=False)
    killed = Sync(path, 1_800_007_200)
    assert killed.values["start_timestamp_seconds"] == 1_800_007_200
    killed.clock.now += 31
    killed.file.tick()
    assert killed.values[f"{name} sessions"] == 1_800_003_600
    assert killed.values[f"{name} events"] == 1_800_000_000
    assert killed.values["duration_seconds"] == 31


def test_the_file_is_written_at_intervals_and_not_at_every_event(tmp_path: Path) -> None:
    sync = Sync(tmp_path / "shop.prom")
    sync.clock.now += 29
    sync.file.tick()
    assert sync.values["duration_seconds"] == 0
    sync.clock.now += 1
    sync.file.tick()
    assert sync.values["duration_seconds"] == 30


def test_other_users_may_read_the_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.prom"
    Sync(path)
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nowhere/shop.prom", "No such file or directory"),
        ("", "Is a directory"),
        ("notes.txt", "it exists and holds something else"),
    ],
)
def test_a_file_that_cannot_be_written_is_a_config_error(tmp_path: Path, name: str, why: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("do not lose this")
    with pytest.raises(AirbyteTracedException) as error:
        Sync(tmp_path / name)
    assert str(error.value.message) == (
        f"The metrics file {tmp_path / name} cannot be written ({why}). Check its path."
    )
    assert notes.read_text() == "do not lose this"


def test_a_disk_that_fills_up_does_not_end_the_sync(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    sync = Sync(folder / "shop.prom")
    (folder / "shop.prom").unlink()
    folder.rmdir()
    sync.end(sessions=True)
    assert f"The metrics file {folder / 'shop.prom'} cannot be written" in caplog.text


def test_a_label_may_hold_any_text() -> None:
    odd = 'a "quoted" \\ text\nof two lines'
    (family, *_) = (
        found
        for found in text_string_to_metric_families(written([("rows", {"stream": odd}, 1)], {}))
        if found.samples
    )
    assert family.samples[0].labels == {"stream": odd}
