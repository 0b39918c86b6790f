"""One node: it connects replicas, routing, control and the server for other nodes. Begin to read at `Node.start`."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, NamedTuple

from streamdyn.control.autoadmin import Autoadmin
from streamdyn.control.leadership import Leadership
from streamdyn.control.operator import Operator
from streamdyn.control.scrubbing import Scrubbing
from streamdyn.control.trimming import Trimming
from streamdyn.control.upkeep import Upkeep
from streamdyn.errors import ApiError
from streamdyn.model.nodes import ACTIVE, AWAY
from streamdyn.node.replicas import Replicas
from streamdyn.routing.directory import META, Directory
from streamdyn.routing.membership import Membership
from streamdyn.routing.router import Router
from streamdyn.routing.session import Sessions
from streamdyn.rpc.answering import AnsweringNode
from streamdyn.rpc.client import Peers
from streamdyn.rpc.server import Server
from streamdyn.settings import (
    APPEND_STALLED_MS,
    AUTOADMIN_INTERVAL_MS,
    EXPIRE_INTERVAL_MS,
    PING_INTERVAL_MS,
    REQUEST_TIMEOUT_MS,
    STOP_TIMEOUT_S,
    TOPIC_CHECK_INTERVAL_MS,
    UPKEEP_INTERVAL_MS,
    Settings,
)
from streamdyn.statemachine.commands.register_node import RegisterNode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from typing import Any

    from streamdyn.kafka.events import Event
    from streamdyn.model.tables import Table
    from streamdyn.node.environment import Environment
    from streamdyn.statemachine.effects import Effects

logger = logging.getLogger(__name__)


class Timer(NamedTuple):
    """An action that is called at an interval (in s), but not again before the last call has ended."""

    name: str
    interval_s: float
    action: Callable[[], Awaitable[None]]


class Node:
    """One node. It is made and used on one event loop.

    `id_` is the node's id in every log, and `life` a unique name of this run of its process. `env` has its ports.
    `addresses` are those for other nodes and for clients, each HOST:PORT. `report` is called with each line for the
    operator.

    `server` answers other nodes, and `operator` the operator's requests. `start` returns the sessions, with which
    clients' requests read and write.
    """

    def __init__(
        self,
        id_: str,
        life: str,
        env: Environment,
        settings: Settings,
        addresses: tuple[str, str],
        report: Callable[[str], None],
    ) -> None:
        self.id = id_
        self._env = env
        self._settings = settings
        self._addresses = addresses
        self._report = report
        self._tasks: dict[asyncio.Task[None], None] = {}
        self._could_append = True
        self._registered = False  # whether `meta` has this node's row
        self._directory_loaded = False  # whether the directory has all rows of `meta`
        self._autoadmin: Autoadmin | None = None  # set when the replicas are open
        self.directory = Directory(id_, f"{settings.cluster}.{META}", self._table_changed)
        self._peers = Peers(id_, env.network, lambda: self.server, lambda: self.directory.format)
        self.membership = Membership(
            id_,
            self._peers,
            others=self.directory.other_nodes,
            can_append=lambda: env.log.stalled_ms() < APPEND_STALLED_MS,
            on_lost=env.network.drop,
            clock_ms=env.clock_ms,
            newest_format=settings.newest_format,
        )
        self._replicas = Replicas(
            id_, life, env, settings, self.directory, self.membership, self._peers, self._spawn, report
        )
        self.partitions = self._replicas.partitions
        self.server = Server(
            AnsweringNode(self._replicas, env.disk, self.membership.health, self.membership.reaches, env.new_id),
            self._peers,
        )
        self.router = Router(
            id_,
            self._replicas,
            self.membership,
            self._peers,
            clock_ms=env.clock_ms,
            new_id=env.new_id,
            is_deleted=self.directory.is_deleted,
        )
        self.operator = Operator(self.directory, self.router, self.membership, self._peers, env.clock_ms, env.new_id)
        self._leadership = Leadership(id_, self.directory, self.partitions, self.membership, self._peers)
        self._upkeep = Upkeep(
            self.directory,
            self.partitions,
            Trimming(env.topics, self.membership, self._peers, settings.trim_bytes),
            Scrubbing(
                self.membership,
                self._peers,
                settings.scrub_interval_ms,
                clock_ms=env.clock_ms,
                new_id=env.new_id,
                report=report,
            ),
        )

    async def start(self) -> Sessions:
        """Open the replicas, catch up with the logs, and return the sessions for requests.

        Raises OperatorError if Kafka, the disk or the log of `meta` does not allow it.
        """
        meta = await self._replicas.open_meta(self._meta_applied)
        # There is no `await` in between, so that every later batch of `meta` reaches the directory.
        self.directory.load(meta.rows(), meta.state.format)
        self._directory_loaded = True
        await self._replicas.open_tables()
        self._replicas.report_unwanted()
        self._autoadmin = Autoadmin(
            self.id,
            self._settings,
            meta,
            self.directory,
            self._env.topics,
            self.membership,
            self._peers,
            self._env.new_id,
            self._env.clock_ms,
            self._report,
        )
        for table in list(self.directory.tables.values()):
            self._table_changed(table, table)
        self.membership.ping_all()
        self._spawn(self._register())
        return Sessions(self._settings, self.directory, self.router, self._env.clock_ms)

    async def stop(self) -> None:
        """Stop all work, and hand over all leases within STOP_TIMEOUT_S. May be called after a failed start, too."""
        if self._autoadmin is not None:
            await self._autoadmin.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self._leadership.hand_over_all()
        except TimeoutError:
            self._report("Kafka did not take the leases back in time; the next holder waits for them to run out")
        self.membership.stop()

    def close(self) -> None:
        """Flush and close the replicas. The log must be stopped before."""
        self._replicas.close()

    # --- timers ---

    def timers(self) -> list[Timer]:
        """The timers, which must run from before `start` on."""
        return [
            Timer("expire-requests", EXPIRE_INTERVAL_MS / 1000, self._expire_requests),
            Timer("check-topics", TOPIC_CHECK_INTERVAL_MS / 1000, self._replicas.checks.check_all),
            Timer("control-tasks", AUTOADMIN_INTERVAL_MS / 1000, self._run_control_tasks),
            Timer("upkeep", UPKEEP_INTERVAL_MS / 1000, self._run_upkeep),
            Timer("ping-nodes", PING_INTERVAL_MS / 1000, self._ping_nodes),
        ]

    async def _run_control_tasks(self) -> None:
        """Check leaders, tables and placement, and register this node if needed."""
        if self._autoadmin is None:
            return
        try:
            await self._leadership.tick()
            await self._autoadmin.tick()
            own = self.directory.nodes.get(self.id)
            if not self._registered or own is None or own.status == AWAY:
                await self._register()
        except ApiError as error:
            logger.info("%s", error)

    async def _run_upkeep(self) -> None:
        if self._autoadmin is not None:
            await self._upkeep.tick()

    async def _ping_nodes(self) -> None:
        could_append, self._could_append = self._could_append, self.membership.serves(self.id)
        if could_append and not self._could_append:
            for partition in list(self.partitions.values()):
                partition.refuse_waiting_commands()
        self.membership.ping_all()

    async def _expire_requests(self) -> None:
        for partition in list(self.partitions.values()):
            partition.expire()

    def failures(self) -> dict[str, str]:
        """The reasons why partitions that this node should hold do not serve, by the partition's id."""
        failed = {p.id: p.failure for p in self.partitions.values() if p.failure is not None}
        return {**self._replicas.failures, **failed}

    def handle(self, event: Event) -> None:
        """Handle an event of a log. Raises nothing for failures of single partitions."""
        self._replicas.handle(event)

    # --- changes of `meta` ---

    def _meta_applied(self, effects: Effects) -> None:
        # Batches that are replayed at the start are skipped: `start` loads all rows after them.
        if self._directory_loaded:
            before = self.directory.format
            self.directory.observe(effects)
            if self.directory.format != before:
                self._replicas.set_targets()
                if self.directory.tables and self.partitions[META].leads:  # a new cluster needs no notice
                    self._report(
                        f"the cluster has format {self.directory.format} now: no older release can be put back"
                    )

    def _table_changed(self, before: Table | None, now: Table | None) -> None:
        if before is not None and (now is None or now.id != before.id):
            self._replicas.remove_table(before)
        if now is not None:
            self._replicas.follow_table(now)
            if self._autoadmin is not None:
                self._autoadmin.start_work(now)

    # --- helpers ---

    async def _register(self) -> None:
        """Write this node's addresses to `meta`, unless they are there. Errors are logged, and it is tried again."""
        peer_address, address = self._addresses
        own = self.directory.nodes.get(self.id)
        if own is not None and (own.peer_address, own.address, own.status) == (peer_address, address, ACTIVE):
            self._registered = True
            return
        command = RegisterNode(self._env.new_id(), self.id, peer_address, address)
        try:
            await self.router.write(self.directory.meta(), command, self._env.clock_ms() + REQUEST_TIMEOUT_MS)
            self._registered = True
        except ApiError as error:
            logger.info("not registered yet: %s", error)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[task] = None
        task.add_done_callback(lambda done: self._tasks.pop(done, None))
