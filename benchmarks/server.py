"""The server: a process that simulates the vendors for many runs at the same time, each below its own path.

``POST /runs`` starts a run and returns its number. ``GET /runs/<number>`` returns the figures of its requests.
"""

import asyncio
import sys
import time

from aiohttp import web
from sandbox_server.capacity import Capped, Queueing, Reply, Vendor

from benchmarks.pages import VENDORS, Asked, Data
from benchmarks.work import Pace


class Run:
    """One run: its answers, its pace and its figures.

    Args:
        vendor: the vendor.
        sessions: how many sessions it has.
        days: over how many days they are spread.
        pace: how fast it answers. With a capacity, the latency varies.
    """

    def __init__(self, *, vendor: str, sessions: int, days: int, pace: Pace) -> None:
        self.answer = VENDORS[vendor](Data(sessions=sessions, days=days))
        self.pace = pace
        self.capacity: Vendor | None = None
        if pace.capacity is not None:
            capacity = pace.capacity
            self.capacity = (
                Capped(pace.latency, capacity) if pace.refuses else Queueing(pace.latency, lambda _: capacity)
            )
        self.requests = 0
        self.refused = 0
        self.bytes = 0
        self.open = 0
        self.most_open = 0
        self.first = self.last = 0.0

    async def give(self, asked: Asked) -> web.Response:
        """Answer a request."""
        now = time.monotonic()
        self.first = self.first or now
        self.requests += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            reply = self.capacity.reply(now, self.open) if self.capacity else Reply(self.pace.latency)
            if reply.seconds:
                await asyncio.sleep(reply.seconds)
            if reply.wait is not None:
                self.refused += 1
                return web.Response(status=429, headers={"Retry-After": f"{reply.wait:.0f}"})
            given = self.answer(asked)
        finally:
            self.open -= 1
            self.last = time.monotonic()
        self.bytes += len(given)
        return web.Response(body=given, content_type="application/json")

    def figures(self) -> dict[str, float]:
        """Return the figures of its requests."""
        return {
            "requests": self.requests,
            "refused": self.refused,
            "bytes": self.bytes,
            "most_open": self.most_open,
            "busy": self.last - self.first,
        }


class Runs:
    """All runs, by number."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        head, _, rest = request.path.removeprefix("/").partition("/")
        if head != "runs":
            return await self._runs[int(head)].give(Asked(rest, request.query, await request.read()))
        if rest:
            return web.json_response(self._runs[int(rest)].figures())
        asked = await request.json()
        self._runs.append(Run(**asked | {"pace": Pace(**asked["pace"])}))
        return web.json_response(len(self._runs) - 1)


async def serve() -> None:
    """Serve on a free port, print the address, and exit when the standard input ends."""
    runner = web.ServerRunner(web.Server(Runs().handle))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(f"{site.name}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve())
