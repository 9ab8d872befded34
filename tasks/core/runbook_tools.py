"""The section of a runbook that makes what the manual commands need: small scripts, and ways to the nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.core.model import Via
from tasks.core.runbook_ground import Setting, bundle_name
from tasks.core.runbook_markdown import code, command, here, prose
from tasks.core.runbook_reach import (
    CA_ON_NODE,
    Access,
    Reach,
    access_files,
    access_lines,
    reached,
    reaches,
)

SWAP_IN, CARRY, LOOK, QUEUES = "swap-in.sh", "carry.sh", "look.sh", "queues.sh"

_SWAP_IN = r"""# args: STAGE/round-N KEYSTORE TRUSTSTORE CERTIFICATES SERVER.CFG. First keeps what is live in
# STAGE/before-round-N, once. Then CA file, key away, certificate, key: broken off anywhere, no key lies
# beside another certificate. Owner as of CERTIFICATES, mode 0600. Can be repeated; before-round-N undoes it.
set -eu
umask 077
trap '' HUP PIPE INT TERM
from=$1 ks=$2 ts=$3 like=$4 cfg=$5 part=.fab-tls.by-hand
former=${from%/*}/before-${from##*/}
[ -d "$from" ] || { echo "no such folder: $from" >&2; exit 1; }
keep() { if [ -e "$1" ]; then cp -p -- "$1" "$former/"; else : > "$former/${1##*/}.absent"; fi; }
ready() {
    [ -e "$from/$1" ] || return 0
    install -m 600 -- "$from/$1" "$2/$part.$1"
    [ "$(id -u)" != 0 ] || chown --reference="$like" -- "$2/$part.$1"
}
live() { [ ! -e "$2/$part.$1" ] || mv -fT -- "$2/$part.$1" "$2/$1"; }
case ${from##*/} in
before-*) ;;
*)
    [ -e "$former/complete" ] || {
        mkdir -p -- "$former"
        keep "$ts/Cluster_cafile.pem"
        keep "$ks/Cluster_cert.pem"
        keep "$ks/Cluster_key.pem"
        keep "$cfg"
        : > "$former/complete"
    }
    ;;
esac
ready Cluster_cafile.pem "$ts"
ready Cluster_cert.pem "$ks"
ready Cluster_key.pem "$ks"
live Cluster_cafile.pem "$ts"
[ ! -e "$from/Cluster_key.pem" ] && [ ! -e "$from/Cluster_key.pem.absent" ] || rm -f -- "$ks/Cluster_key.pem"
live Cluster_cert.pem "$ks"
live Cluster_key.pem "$ks"
[ ! -e "$from/Cluster_cert.pem.absent" ] || rm -f -- "$ks/Cluster_cert.pem"
[ ! -e "$from/Cluster_cafile.pem.absent" ] || rm -f -- "$ts/Cluster_cafile.pem"
for file in "$ts/Cluster_cafile.pem" "$ks/Cluster_cert.pem" "$ks/Cluster_key.pem"; do
    [ ! -e "$file" ] || sha256sum -- "$file"
done
"""

_CARRY = r"""# args: OLD NEW CERTIFICATES. Every other file of a directory to another place, with owner and mode.
set -eu
umask 077
[ -d "$2" ] || { mkdir -p -- "$2"; chown --reference="$3" -- "$2" 2>/dev/null || :; }
for entry in "$1"/* "$1"/.[!.]*; do
    case ${entry##*/} in Cluster_cert.pem|Cluster_key.pem|Cluster_cafile.pem|.fab-tls*) continue ;; esac
    [ ! -e "$entry" ] || [ -e "$2/${entry##*/}" ] || cp -pR -- "$entry" "$2/"
done
ls -la -- "$2"
"""

_STAGE = r"""stage() {  # stage FOLDER TO 'AS' ssh ...: its files to TO on that node, 0600, read back
    from=$1 to=$2 as=$3; shift 3
    "$@" "$as sh -c 'umask 077; mkdir -p \"$to\"'" < /dev/null
    for file in "$from"/*; do
        name=${file##*/}
        "$@" "$as sh -c 'umask 077; cat > \"$to/$name\"'" < "$file"
        there=$("$@" "$as sh -c 'sha256sum < \"$to/$name\"'" < /dev/null)
        [ "$there" = "$(sha256sum < "$file")" ] && word=right || word=WRONG
        echo "$word: $to/$name"
    done
}
"""

_LOOK_HEAD = r"""# A line per node: State, connected/disconnected, uptime, ErrorCode, role, nodes in sync, certificate.
field() { printf %s "$answer" | sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
show() {
    answer=$(printf %s "$2" | tr -d ' \n\r')
    state=$(field State)
    [ -n "$state" ] || { echo "$1 no answer"; return; }
    serves=$(printf %s "$3" | openssl x509 -noout -fingerprint -sha256 2>/dev/null | tr -d : | cut -d= -f2)
    counts=$(field ConnectedServers)/$(field DisconnectedServers)
    echo "$1 State $state counts $counts up $(field UpTimeSeconds) s error $(field ErrorCode)" \
        "role $(field NewRole) $(field SyncNodes) serves $(printf %.8s "$serves")"
}
"""


_QUEUES_HEAD = r"""# What each member keeps for each other one; standbys say nothing.
show() {
    echo "$1:" $(printf %s "$2" | tr -d ' \n\r' |
        grep -o '"ServerName":"[^"]*"\|"BufferedMsgs":[0-9]*\|"DiscardedMsgs":[0-9]*' | tr -d '"')
}
"""


def tool_section(setting: Setting) -> Iterator[str]:
    """Everything that the manual commands of the steps use; made once, in bash."""
    by_name = reaches(setting)
    folder = f"~/by-hand-{setting.fingerprint}"
    yield from ("## Tools for the way by hand", "")
    yield from prose(
        "Only for whoever works without the tool. Paste these blocks into one bash on this machine; it needs ssh, "
        "curl and openssl. Passwords are typed, and are in no argument. The files hold no key. In each later shell "
        f"begin with `cd {folder} && . ./stage.sh`."
    )
    yield from code((f"umask 077; mkdir -p {folder} && cd {folder}", *_scripts(setting, by_name)))
    yield from _access(setting, by_name)
    yield from _sudo(setting)


def _scripts(setting: Setting, by_name: Mapping[str, Reach]) -> Iterator[str]:
    texts = {SWAP_IN: _SWAP_IN, "stage.sh": _STAGE, LOOK: _look(setting, by_name)}
    texts[QUEUES] = _queues(setting, by_name)
    if setting.plan.edits:
        texts[CARRY] = _CARRY
    texts |= {bundle_name(sha256): pem for sha256, pem in setting.plan.bundles.items()}
    for name, text in texts.items():
        yield f"cat > {name} <<'END'"
        yield from text.rstrip("\n").split("\n")
        yield "END"
    yield ". ./stage.sh"


def _look(setting: Setting, by_name: Mapping[str, Reach]) -> str:
    lines = [_LOOK_HEAD.rstrip("\n")]
    for reach in reached(setting.cluster, by_name):
        lines.append(f"status=$({_joined(reach.rest('service/status'))})")
        lines.append(f"served=$({_joined(reach.handshake())})")
        lines.append(f'show {here(reach.node.name)} "$status" "$served"')
    return "\n".join(lines)


def _queues(setting: Setting, by_name: Mapping[str, Reach]) -> str:
    lines = [_QUEUES_HEAD.rstrip("\n")]
    for reach in reached(setting.cluster, by_name):
        lines.append(f"kept=$({_joined(reach.rest('monitor/Cluster'))})")
        lines.append(f'show {here(reach.node.name)} "$kept"')
    return "\n".join(lines)


def _joined(lines: tuple[str, ...]) -> str:
    return "\n".join(lines)


def _access(setting: Setting, by_name: Mapping[str, Reach]) -> Iterator[str]:
    files = access_files(setting)
    if any(one.user for one in files.values()):
        yield from prose(
            "How curl logs in: each password is asked for once, and kept in a file that only you may read, "
            "until [the end](#afterwards)."
        )
    for name, one in files.items():
        yield from code(access_lines(name, one))
    ways = [line for reach in reached(setting.cluster, by_name) for line in reach.opened()]
    if ways:
        yield from prose(
            "The admin endpoint and the control port of each node as a socket file here, through ssh "
            "(again after a broken connection):"
        )
        yield from code(ways)
    if there := [r for r in reached(setting.cluster, by_name) if r.via == Via.EXEC]:
        names = ", ".join(reach.node.name for reach in there)
        yield from prose(f"No port is forwarded by {names}: curl and openssl run there.")
        if copies := [line for reach in there for line in _ca_copy(files[reach.config], reach)]:
            yield from prose("They need the CA of the admin endpoint, in the home of the login:")
            yield from code(copies)
    yield from prose("Then look. Every node must answer, with the counts and certificates under [Now](#now):")
    yield from code([f"bash {LOOK}", f"bash {QUEUES}"])


def _ca_copy(one: Access, reach: Reach) -> tuple[str, ...]:
    """The CA of the admin endpoint is public; the login's home is a place that curl can read."""
    if not one.ca or not one.verify:
        return ()
    ca = reach.node.admin.ca
    return command((*reach.ssh, f"'cat > {CA_ON_NODE}'"), f"< {here(str(ca))}")


def _sudo(setting: Setting) -> Iterator[str]:
    asking = [n.name for n in setting.cluster.nodes if n.ssh.sudo_password or (n.ssh.sudo and n.ssh.password)]
    if asking:
        yield from prose(
            f"sudo may ask for a password on {', '.join(asking)}: `sudo -n` then refuses. Grant NOPASSWD for the "
            "night, or log in there with `ssh -t`, `sudo -i`, and run what the block gives to `sh` there."
        )
