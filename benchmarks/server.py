"""The server: a process that simulates the vendors for many runs at the same time, each below its own path.

``POST /runs`` starts a run and returns its number. ``GET /runs/<number>`` returns the counts of its requests.
"""

import asyncio
import sys

from aiohttp import web

from benchmarks.pages import VENDORS, Asked, Data


class Run:
    """One run: its answers, its latency and its counts."""

    def __init__(self, *, vendor: str, sessions: int, days: int, latency: float) -> None:
        self.answer = VENDORS[vendor](Data(sessions=sessions, days=days))
        self.latency = latency
        self.requests = 0
        self.bytes = 0
        self.open = 0
        self.most_open = 0

    async def give(self, asked: Asked) -> bytes:
        """Answer a request after the latency."""
        self.requests += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            given = self.answer(asked)
        finally:
            self.open -= 1
        self.bytes += len(given)
        return given

    def counts(self) -> dict[str, int]:
        """Return the counts of its requests."""
        return {"requests": self.requests, "bytes": self.bytes, "most_open": self.most_open}


class Runs:
    """All runs, by number."""

    def __init__(self) -> None:
        self._runs: list[Run] = []

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request."""
        head, _, rest = request.path.removeprefix("/").partition("/")
        if head != "runs":
            given = await self._runs[int(head)].give(Asked(rest, request.query, await request.read()))
            return web.Response(body=given, content_type="application/json")
        if rest:
            return web.json_response(self._runs[int(rest)].counts())
        self._runs.append(Run(**await request.json()))
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
