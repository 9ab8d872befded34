"""The POSIX sh that looks at a node and changes nothing: as in shell_scripts.py, values are arguments.

It prints server.cfg and certificates, which are public, and of other files what they are, never what is in them.
"""

from __future__ import annotations

from tasks.effects.facts_scripts import AT_ONCE, FACTS_OF_FILES

# Knows: cfg, home, data and root without symbolic links. args: server.cfg, the product's directory, its data
# directory, the directory below which they lie (a volume's, or /). Prints facts.
_CONFIG = r"""
set -u
uid=$(id -u)
[ -f "$cfg" ] || { echo "no such file: $1" >&2; exit 10; }
[ -r "$cfg" ] || { echo "not readable: $cfg" >&2; exit 11; }
case $cfg in *[[:cntrl:]]*) echo "control characters in the path of server.cfg" >&2; exit 12 ;; esac
owned=$3/certificates
[ -d "$owned" ] || owned=$3
printf 'path %s\n' "$cfg"
plain() {
    case $2 in *[[:cntrl:]]*) echo "control characters in the path of $3" >&2; exit 12 ;; esac
    printf '%s %s\n' "$1" "$2"
}
plain home "$home" "$2"
plain data "$data" "$3"
plain root "$root" "$4"
echo "now $(date +%s)"
echo "uid $uid"
owners=$(stat -c '%u:%g' -- "$owned" "$cfg")
user=${owners%%[!0-9:]*}
echo "user $user"
echo "cfgowner ${owners##*[!0-9:]}"
"""

# A line that ends the facts, then the file.
_CONTENT = r"""
echo "---"
exec cat -- "$cfg"
"""

# args: as _CONFIG.
READ_CFG = (
    AT_ONCE
    + r"""
reals cfg "$1" home "$2" data "$3" root "$4"
"""
    + _CONFIG
    + _CONTENT
)

# args: service user, keystore, truststore, the data directory without symbolic links, then the target directories.
FACTS = (
    AT_ONCE
    + r"""
set -u
uid=$(id -u)
cfg= user=$1 keystore=$2 truststore=$3 data=$4
shift 4
reals keystore_real "$keystore" truststore_real "$truststore"
"""
    + FACTS_OF_FILES
)

# args: as _CONFIG, then: keystore and truststore as server.cfg most likely names them (whoever asks holds them against
# it), the work directory whose lock is asked for, how the server would be started (systemd or command, and the unit
# or the command; "" for either: not asked), then target directories beside that of server.cfg.
# Prints the facts of _CONFIG, a line "facts", those of the files and of what was asked for besides, and server.cfg.
LOOK = (
    AT_ONCE
    + r"""
reals cfg "$1" home "$2" data "$3" root "$4" keystore_real "$5" truststore_real "$6"
"""
    + _CONFIG
    + r"""
echo "facts"
keystore=$5 truststore=$6 work=$7 start=$8 word=$9
shift 9
again=
for path do [ "$path" != "${cfg%/*}" ] || again=yes; done
[ -n "$again" ] || set -- "$@" "${cfg%/*}"
"""
    + FACTS_OF_FILES
    + r"""
held=$work/lock/owner
if [ -n "$work" ] && [ -e "$held" ] && owner=$(cat -- "$held" 2>/dev/null); then fact lock "$owner"; fi
startable() {  # some shells' `command -v` finds files that nobody may execute
    found=$(command -v -- "$1") || return
    case $found in (/*) [ -f "$found" ] && [ -x "$found" ] ;; esac
}
code=0 said=
case $start in
    systemd) said=$(systemctl cat "$word" 2>&1 >/dev/null) || code=$? ;;
    command) said=$(startable "$word" 2>&1) || code=$? ;;
esac
[ -z "$start" ] || fact start "$code $said"
"""
    + _CONTENT
)
