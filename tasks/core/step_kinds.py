"""What a step of a plan can be."""

from __future__ import annotations

from enum import StrEnum


class StepKind(StrEnum):
    CONFIGURE = "configure"  # POST a configuration to a node and read it back
    PLACE = "place"  # stage the files on a node and verify them there
    SWAP = "swap"  # make a member's staged files the live ones
    MOVE_KEYSTORE = "move-keystore"  # carry a node's keystore to another place, and name it in server.cfg
    PLACE_CRL = "place-crl"  # put a revocation list into a node's truststore
    REMOVE_CRL = "remove-crl"  # take it away from there
    RESTART_STANDBY = "restart-standby"  # of a pair, then wait for sync
    RESTART = "restart"  # a single member, or the primary of a pair
    RESTART_PAIR = "restart-pair"  # the standby, and the primary before the standby is back
    PROVE = "prove"  # every certificate on the wire, every count
    PROVE_LISTENERS = "prove-listeners"  # whom the messaging listeners let in
    HA_PLACE = "ha-place"  # stage HA credentials on a node
    HA_SWAP = "ha-swap"  # make them the live ones on both nodes of a pair, the primary first
    HA_SWAP_STANDBY = "ha-swap-standby"
    HA_SWAP_PRIMARY = "ha-swap-primary"
    HA_PART = "ha-part"  # restart the standby, which then stays apart from the primary
    HA_REJOIN = "ha-rejoin"  # restart the primary, and both pair again
    HA_RESTART_STANDBY = "ha-restart-standby"  # and wait for sync
    HA_RESTART_PRIMARY = "ha-restart-primary"  # and see the standby take over
    HA_WAIT = "ha-wait"  # restart the standby-to-be of a new pair, which then waits for its peer
    HA_FORM = "ha-form"  # restart the primary-to-be, and both are a pair
    HA_PROVE = "ha-prove"  # the pairs in sync, their files right, the cluster as before


HA_SWAPS = frozenset({StepKind.HA_SWAP, StepKind.HA_SWAP_STANDBY, StepKind.HA_SWAP_PRIMARY})
RESTARTS = frozenset({StepKind.RESTART, StepKind.RESTART_STANDBY, StepKind.RESTART_PAIR})
ANY_RESTART = RESTARTS | {
    StepKind.HA_PART,
    StepKind.HA_REJOIN,
    StepKind.HA_RESTART_STANDBY,
    StepKind.HA_RESTART_PRIMARY,
    StepKind.HA_WAIT,
    StepKind.HA_FORM,
}  # those of pairs whose HA channel changes, too
LAST_RESTARTS = frozenset({StepKind.RESTART, StepKind.RESTART_PAIR})  # after which a member has restarted
