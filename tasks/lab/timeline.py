"""How long each phase of a server's life takes, in simulated seconds, as measured on real servers.

Counted from the restart request at 0: the cluster is left at 3.1, REST ends at 5.5 (a pair's node:
3.5), is back at 13.0 (11.4), and State 1 follows at 14.5 if every known member can be reached.
"""

from __future__ import annotations

from tasks.core.dataclass import dataclass

# Real seconds of one that restarts: UpTimeSeconds is whole, and no real server is so fast.
SHORTEST_LIFE_S = 2.0
RESTART_REQUEST_S = 3.1  # from the answered request to leaving the cluster
TRANSPORT_STARTED_S = 0.2  # State 4
STORE_STARTING_S = 0.3  # State 11
STORE_STARTED_S = 0.2  # State 6
ENGINE_STARTING_S = 0.2  # State 16, cluster initializing
DISCOVER_AT_LEAST_S = 0.6  # State 16, cluster discovering
FORWARDING_S = (0.4, 1.1)  # from State 1 to the first forwarding connection, at least and at most
FORWARDING_LATE_S = (1.0, 5.0)  # the same where discovery ran out of time
EAGER_DIALING_S = 60.0
EAGER_EVERY_S = 1.0
PATIENT_EVERY_S = 30.0
PAIR_JOIN_S = 5.0  # a standby finds its primary, until it starts to be synchronized
PAIR_SYNC_S = 6.2  # from there to State 10
PAIR_CONFIRM_S = 0.3  # from there to SyncNodes 2 on both
TAKE_OVER_S = 2.8  # from the primary's end to NewRole PRIMARY
TAKE_OVER_ENGINE_S = 2.0  # from there to the start of the cluster component
STAND_ALONE_S = 10.0  # how long a node in StandAlone looks for a primary before it is one itself


@dataclass(frozen=True, slots=True)
class Pace:
    """What differs between a single member and a node of a pair."""

    leaving_s: float  # from leaving the cluster to the end of the process
    boot_s: float  # from the start of the process to an answering REST


SINGLE = Pace(leaving_s=2.4, boot_s=7.5)
PAIRED = Pace(leaving_s=0.4, boot_s=7.9)
