"""The POSIX sh that reads a run's backup and stages from it: as in shell_scripts.py, values are arguments."""

from __future__ import annotations

from tasks.effects.stage_scripts import NO_LINKS, PART

# args: owner, then (path, mode, SHA-256, two backups that may hold it) per file. As STAGE, from what lies on the node.
STAGE_KEPT = (
    PART
    + r"""
set -eu
umask 077
owner=$1
shift
while [ $# -gt 0 ]; do
    path=$1 mode=$2 sha=$3 one=$4 other=$5
    shift 5
    from=
    for each in "$one" "$other"; do
        [ ! -f "$each" ] || [ -n "$from" ] || case $(sha256sum < "$each") in "$sha "*) from=$each ;; esac
    done
    [ -n "$from" ] || { echo "no backup of ${path##*/} has SHA-256 $sha" >&2; exit 5; }
    begin_part
    cat < "$from" > "$path.part"
    end_part
done
"""
)

# args: backup directory, then the names of files; contents of all but keys.
KEPT = r"""
set -eu
dir=$1
shift
[ -e "$dir/complete" ] || exit 0
for name in "$@"; do
    if [ -e "$dir/$name.absent" ]; then echo "absent $name"; continue; fi
    sum=$(sha256sum < "$dir/$name")
    echo "kept ${sum%% *} $name"
    case $name in *_key.pem) continue ;; esac
    echo "content64 $name $(base64 -w 0 < "$dir/$name" 2>/dev/null || base64 < "$dir/$name" | tr -d '\n')"
done
"""

# args: run's work directory, bytes. Standard input: the plan. What arrives cut short replaces nothing.
MIRROR = (
    NO_LINKS
    + r"""
set -eu
umask 077
no_links "$1"
mkdir -p -- "$1"
rm -f -- "$1/plan.json.gz.part"
set -C
cat > "$1/plan.json.gz.part"
set +C
[ "$(wc -c < "$1/plan.json.gz.part")" -eq "$2" ] || { echo "the plan did not arrive whole" >&2; exit 4; }
mv -fT -- "$1/plan.json.gz.part" "$1/plan.json.gz"
"""
)

# args: run's work directory. Prints the plan as it lies there, compressed or (of older runs) not, if there is one.
MIRRORED = r"""
for plan in "$1/plan.json.gz" "$1/plan.json"; do
    [ ! -f "$plan" ] || { cat -- "$plan"; exit; }
done
"""
