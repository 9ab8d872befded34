"""One life of the simulated server, from its process start to its end."""

from __future__ import annotations

import queue
import signal
import threading
import time
from contextlib import suppress
from enum import IntEnum
from pathlib import Path
from typing import Any, NoReturn

from tasks.lab import availability, config_file, timeline, tls
from tasks.lab.channel import INCOMING
from tasks.lab.cluster import ClusterPart
from tasks.lab.config_file import ServerConfig
from tasks.lab.ending import KILLED, RESTART, STOP, Ending, end_process
from tasks.lab.host import Host
from tasks.lab.pair import AddressRefused, Pair
from tasks.lab.rest import AdminEndpoint
from tasks.lab.standing import Role

_MAINTENANCE = (500, "Store is not available.")
_PAIR_ERROR = (509, "Store High-Availability error.")
_BAD_ADDRESS = 510
_LOOK_UP_S = 0.1  # real seconds


class ServerState(IntEnum):
    """Server.State as REST shows it."""

    INITIALIZING = 0
    RUNNING = 1
    STOPPING = 2
    TRANSPORT_STARTED = 4
    STORE_STARTED = 6
    MAINTENANCE = 9
    STANDBY = 10
    STORE_STARTING = 11
    ENGINE_STARTING = 16


SETTLED = frozenset({ServerState.RUNNING, ServerState.MAINTENANCE, ServerState.STANDBY})


class Gateway:
    """The server's parts and its state; REST threads read them, the main thread lives them."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.started_at = time.time()
        self.state = ServerState.INITIALIZING
        self.error: tuple[int, str] = (0, "")
        self.pair = self._make_pair()
        self.cluster = ClusterPart(host)
        self._deaf = False
        self._terms = 0
        self._endings: queue.SimpleQueue[Ending] = queue.SimpleQueue()
        self._pace = timeline.SINGLE if self.pair is None else timeline.PAIRED
        self._admin: AdminEndpoint | None = None

    def live(self) -> int:
        """The whole life; returns the exit code. Called in the process's main thread."""
        signal.signal(signal.SIGTERM, self._on_term)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        was_unclean = self.host.state.now.unclean
        self.host.state.change(unclean=True)
        try:
            self._start(was_unclean=was_unclean)
        except tls.ContextRefused as refused:
            self._listen_on_nothing(refused)
        return self._end(self._await_ending())

    def _await_ending(self) -> Ending:
        """Look up now and then: a signal that comes just before the wait does not end it."""
        while True:
            with suppress(queue.Empty):
                return self._endings.get(timeout=_LOOK_UP_S)

    def request_end(self, *, code: int) -> None:
        """A REST call asks for a restart or a stop. Not settled: that is an unclean kill."""
        ending = Ending(code, announced=True)
        self.host.logs.admin("CWLNA6005", "N", text="The Eclipse Amlen server is stopping.")
        if self.state in SETTLED:
            self.state = ServerState.STOPPING
            self._endings.put(ending)
            return
        timer = threading.Timer(self.host.clock.real(timeline.RESTART_REQUEST_S), self._die, (code,))
        timer.daemon = True
        timer.start()

    @property
    def role(self) -> Role:
        return Role.HADISABLED if self.pair is None else self.pair.now.role

    @property
    def availability(self) -> dict[str, Any]:
        """As configured; what is in force was read at the start of the process."""
        return availability.complete(self.host.state.now.availability)

    def _make_pair(self) -> Pair | None:
        return Pair(self.host, on_change=self._pair_changed) if self.availability["EnableHA"] else None

    def _pair_changed(self) -> None:
        if self.pair is not None:
            self.cluster.announce(ha_status="Pair" if self.pair.now.sync_nodes == 2 else "Single")

    def _start(self, *, was_unclean: bool) -> None:
        self.host.logs.server("CWLNA0900", "N", text="The Eclipse Amlen server is starting.")
        config = config_file.read(Path(self.host.settings.server_cfg))
        self.cluster.load(config)
        clock, slow_s = self.host.clock, self.host.disturbances.number("slow_start")
        clock.sleep(self._pace.boot_s + slow_s)
        self.state = ServerState.TRANSPORT_STARTED
        self._admin = AdminEndpoint.open(self, keystore=config.keystore)
        clock.sleep(timeline.TRANSPORT_STARTED_S)
        self.cluster.listen_for_messages(standby=self.pair is not None)
        self._pass(ServerState.STORE_STARTING, timeline.STORE_STARTING_S)
        state = self.host.state.now
        if was_unclean or state.maintenance or self.host.disturbances.has("maintenance"):
            return self._enter_maintenance(with_error=was_unclean)
        return self._run() if self.pair is None else self._find_role(self.pair, config)

    def _find_role(self, pair: Pair, config: ServerConfig) -> None:
        try:
            role = pair.find_role(config, take_over=self._take_over).role
        except tls.ContextRefused as refused:
            self._log_no_context(INCOMING, refused)
            return self._maintain(_PAIR_ERROR)
        except AddressRefused as refused:
            return self._maintain((_BAD_ADDRESS, f"An HA configuration parameter is not valid: {refused}."))
        if role is Role.PRIMARY:
            pair.await_sync(limit_s=5 * timeline.PAIR_SYNC_S)
            return self._run()
        if role is Role.STANDBY:
            self.cluster.stand_by()
            return self._settle(ServerState.STANDBY)
        return self._enter_maintenance(with_error=True)

    def _run(self) -> None:
        """From State 6 to State 1."""
        self._pass(ServerState.STORE_STARTED, timeline.STORE_STARTED_S)
        self.state = ServerState.ENGINE_STARTING
        self.cluster.initialize()
        self.host.clock.sleep(timeline.ENGINE_STARTING_S)
        self._join_and_settle()

    def _join_and_settle(self) -> None:
        self.cluster.join()
        self.host.state.keep_store(in_cluster=self.cluster.enabled, paired=self.pair is not None)
        self.cluster.activate()
        self.state = ServerState.RUNNING
        self.cluster.forward()
        self._pair_changed()

    def _take_over(self) -> None:
        if self.state is not ServerState.STANDBY:
            return
        self.state = ServerState.ENGINE_STARTING
        self.cluster.initialize()
        self.host.clock.sleep(timeline.TAKE_OVER_ENGINE_S)
        self.cluster.listen_for_messages(standby=False)
        self._join_and_settle()

    def _enter_maintenance(self, *, with_error: bool) -> None:
        if with_error and self.pair is not None and self.pair.now.role is not Role.UNSYNC_ERROR:
            self.pair.fail()
        self._maintain((_MAINTENANCE if self.pair is None else _PAIR_ERROR) if with_error else None)

    def _maintain(self, error: tuple[int, str] | None) -> None:
        if error is not None:
            self.error = error
            self.host.logs.server("CWLNA6120", "E", text=f"The error code is {error[0]}. {error[1]}")
        self.cluster.leave()
        self._settle(ServerState.MAINTENANCE)

    def _pass(self, state: ServerState, simulated_s: float) -> None:
        self.state = state
        self.host.clock.sleep(simulated_s)

    def _settle(self, state: ServerState) -> None:
        self.host.state.change(unclean=False)
        self.state = state

    def _listen_on_nothing(self, refused: tls.ContextRefused) -> None:
        """No TLS context: the process stays, deaf, until the second SIGTERM."""
        self.host.state.change(unclean=False)
        self._deaf = True
        self._log_no_context("!Forwarder", refused)
        problem = "The error code is 187. The error string is Unable to create the TLS context."
        self.host.logs.server("CWLNA6120", "E", text=f"Eclipse Amlen detects an error. {problem}")

    def _log_no_context(self, endpoint: str, refused: tls.ContextRefused) -> None:
        text = f'Unable to create an SSL/TLS context: Endpoint="{endpoint}" Error="{refused}".'
        self.host.logs.server("CWLNA0911", "E", text=text)

    def _end(self, ending: Ending) -> int:
        """Leave the cluster, then the world; what was settled ends clean."""
        clock = self.host.clock
        clock.sleep(timeline.RESTART_REQUEST_S if ending.announced else 0.1)
        self.cluster.leave()
        if self.pair is not None:
            self.pair.stop()
        clock.sleep(self._pace.leaving_s)
        if ending.code == RESTART:
            time.sleep(max(0.0, self.started_at + timeline.SHORTEST_LIFE_S - time.time()))
        return ending.code

    def _on_term(self, *_: object) -> None:
        self._terms += 1
        if self._deaf or self.state is ServerState.MAINTENANCE:
            if self._terms < 2:
                return
        elif self.state not in SETTLED:
            self._die(KILLED)
        self.state = ServerState.STOPPING
        self._deaf = False
        self._endings.put(Ending(STOP, announced=False))

    def _die(self, code: int) -> NoReturn:
        """End at once, with the store as it is."""
        self.host.state.change(unclean=True)
        end_process(self.host, code)
