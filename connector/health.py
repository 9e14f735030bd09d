"""/healthz, /readyz and /metrics of the daemon. Metrics are read from the store when they are asked for."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from connector.app import App
from connector.ledger import by_reason
from connector.types import State
from rollouts.errors import Fatal
from rollouts.ledger import by_role, dollars


class Health:
    """What the daemon says of itself. Labels hold no user, trace or session ids."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._wrong: dict[str, str] = {}
        self._runner: web.AppRunner | None = None
        self.port: int | None = None

    async def start(self, listen: str) -> None:
        """Serve on `listen`, or not at all where that is empty. Raises `Fatal` when somebody else is there."""
        if not listen:
            return
        server = web.Application()
        server.add_routes(
            [web.get("/healthz", self._alive), web.get("/readyz", self._ready), web.get("/metrics", self._metrics)]
        )
        self._runner = web.AppRunner(server, access_log=None)
        await self._runner.setup()
        host, _, port = listen.rpartition(":")
        try:
            await web.TCPSite(self._runner, host, int(port)).start()
        except OSError as error:
            raise Fatal(
                f"server.listen: {listen} cannot be used: {error.strerror}", hint="choose another port"
            ) from None
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop serving."""
        if self._runner is not None:
            await self._runner.cleanup()

    def went_well(self, part: str) -> None:
        """A part works."""
        self._wrong.pop(part, None)

    def went_wrong(self, part: str, why: str) -> None:
        """A part does not work; it will be tried again."""
        self._wrong[part] = why

    async def _alive(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _: web.Request) -> web.Response:
        parked = {f"parked {number}": str(error) for number, error in enumerate(self._app.engine.parked, start=1)}
        away = {f"lane {name} waits": str(error) for name, error in self._app.engine.unavailable.items()}
        problems = self._wrong | parked | away
        return web.json_response({"ready": not problems, "problems": problems}, status=503 if problems else 200)

    async def _metrics(self, _: web.Request) -> web.Response:
        registry = CollectorRegistry()
        registry.register(_Fixed(await self._figures()))
        return web.Response(body=generate_latest(registry), headers={"content-type": "text/plain; version=0.0.4"})

    async def _figures(self) -> list[Metric]:
        store, engine = self._app.store, self._app.engine
        turns = GaugeMetricFamily(
            "understudy_dispositions", "Traces and turns by where they ended.", labels=["of", "fate", "reason"]
        )
        for each in by_reason(await store.ledger()):
            turns.add_metric([each.of, each.fate.value, each.reason], each.count)
        duels = GaugeMetricFamily("understudy_duels", "Duels by challenger and state.", labels=["challenger", "state"])
        states = await store.states()
        for (challenger, state), count in states.items():
            duels.add_metric([challenger, state.value], count)
        waiting = sum(count for (_, state), count in states.items() if state is State.JUDGED)
        outbox = GaugeMetricFamily("understudy_outbox_pending", "Judged duels not posted yet.", value=waiting)
        spent = GaugeMetricFamily("understudy_spent_usd", "All that the ledger holds.", labels=["model", "role"])
        for (model, role), amount in by_role(await store.spending()).items():
            spent.add_metric([model, role], dollars(amount))
        left = GaugeMetricFamily("understudy_budget_remaining_usd", "What may still be spent.", labels=["window"])
        for window in self._app.budget.windows:
            left.add_metric([window.name], dollars(window.left or 0))
        lost = GaugeMetricFamily(
            "understudy_lost_duels", "Posted by this process, acknowledged, and not kept.", value=engine.delivery.lost
        )
        found = [turns, duels, outbox, lost, spent, left]
        if mark := await store.mark(engine.arena.source.name):
            lag = (engine.clock.now() - mark).total_seconds()
            found.append(GaugeMetricFamily("understudy_ingest_lag_seconds", "Age of the mark.", value=lag))
        return [*found, *await self._standings()]

    async def _standings(self) -> list[Metric]:
        rate = GaugeMetricFamily("understudy_win_rate", "Win rate against production, 0 to 1.", labels=["challenger"])
        low = GaugeMetricFamily("understudy_win_rate_low", "Lower end of its interval.", labels=["challenger"])
        high = GaugeMetricFamily("understudy_win_rate_high", "Upper end of its interval.", labels=["challenger"])
        for row in (await self._app.engine.leaderboard()).standings:
            for family, value in ((rate, row.win_rate), (low, row.low), (high, row.high)):
                if value is not None:
                    family.add_metric([row.challenger], value)
        return [rate, low, high]


class _Fixed:
    """A collector of figures that were just read."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> list[Metric]:
        return self._metrics
