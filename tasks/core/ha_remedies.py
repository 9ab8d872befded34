"""What comes next where a pair does not come together: in each case the next safe command."""

from __future__ import annotations

from tasks.core.model import Node
from tasks.core.places import WORK_NAME, data_of

# A node that waits for its peer must not be restarted (T5): it gives up by itself, and then may be.
_GIVES_UP = "it gives up its search by itself (DiscoveryTimeout, State 9)"


def backup_on(node: Node, run: str) -> str:
    """Where the files of before lie on the node; a file NAME.absent stands for one that was not there."""
    return f"{data_of(node)}/{WORK_NAME}/{run}/backup"


def start_primary(primary: Node, standby: Node, *, run: str, task: str) -> str:
    """It is down, and the other one has the new files already."""
    return (
        f"start its server on {primary.host} by its service manager: where its new files lie it finds {standby.name} "
        f"by itself. Then: fab {task} --resume. (Its former files: {backup_on(primary, run)})"
    )


def loaded_other(standby: str, primary: str, task: str) -> str:
    """The restarted standby runs with credentials that are not the planned ones."""
    return (
        f"{primary} serves on. Look at owner, mode and names of the HA_* files on {standby} (T2), mend them; "
        f"{_GIVES_UP}, then: fab {task} --resume restarts it once more. If it paired with {primary} again (or the "
        "former set and the new one trust each other), the sync has replaced its files: give the run up, make both "
        "nodes load what lies there (fab restart MEMBER), and plan anew: fab status names the run"
    )


def standby_in_error(standby: str, task: str) -> str:
    return (
        f"read imaserver-default.log of {standby}; its primary is not touched. Mend what it says, then: "
        f"fab {task} --resume restarts {standby} once more"
    )


def both_in_error(node: Node, *, run: str, task: str) -> str:
    return (
        "read imaserver-default.log of both nodes: do their HA_* files lie there, readable for the service user? "
        f"fab {task} --resume restarts a node that gave up; the former files are on each node in "
        f"{backup_on(node, run)}"
    )


def not_formed(code: int, task: str) -> str:
    """Two nodes did not become a pair, for the reason that the server names."""
    reasons = {
        1: "the nodes are not alike: both cluster members or neither, the same memory sizes and version",
        3: "one is set to StandAlone, or both are primaries",
        5: "both stores hold data, and neither is the later state of the other: the servers changed neither. Decide "
        "which data may go, and empty that store by hand as the product's documentation says",
        7: "correct the Group on one of them",
    }
    why = reasons.get(code, "read imaserver-default.log of both nodes")
    return (
        f"{why}. To have two single servers again: POST configuration "
        '{"HighAvailability": {"EnableHA": false}} on both, then restart both. Else mend it, then: '
        f"fab {task} --resume"
    )


def wrong_primary(primary: str, other: str) -> str:
    return (
        f"a node whose store holds data goes before the preferred one: {primary} has followed {other}. If that will "
        f"do, give the run up (fab status names it) and say `preferred_primary` on {other}; else restore {primary} "
        "from its own backup"
    )
