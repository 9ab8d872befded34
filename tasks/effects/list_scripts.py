"""The POSIX sh that puts a revocation list in its place: see `shell_scripts` for the rules of all scripts."""

from tasks.effects.stage_scripts import OWN_DIRS

# args: owner, the staged and the live list ("" and the live one: it is taken away). Of a folder that is made,
# owner and mode are right from the start; through one that is there the service user must get, or a start
# would listen on nothing (T1). One rename, or one unlink; safe to repeat.
CHANGE_LIST = (
    OWN_DIRS
    + r"""
set -eu
umask 077
trap '' HUP PIPE INT TERM
owner=$1 new=$2 live=$3
dir=${live%/*}
uid=$(id -u)
as_service() {
    if [ "$uid" = "${owner%%:*}" ]; then "$@"
    elif [ "$uid" = 0 ]; then chroot --userspec="$owner" / "$@"
    else "$@"
    fi
}
alike() {
    [ ! -e /sys/fs/selinux/enforce ] || chcon --reference="${dir%/*}" -- "$1" \
        || echo "label kept: $1" >&2 || :
}
if [ -z "$new" ]; then
    [ ! -d "$dir" ] || { rm -f -- "$live"; rmdir -- "$dir" 2>/dev/null || sync -- "$dir" 2>/dev/null || :; }
    exit 0
fi
if [ ! -d "$dir" ]; then own_dirs "$dir"; alike "$dir"; fi
as_service test -r "$dir" && as_service test -x "$dir" \
    || { echo "the service user cannot get into $dir ($(stat -L -c '%u:%g %a' -- "$dir"))" >&2; exit 10; }
if [ -e "$new" ]; then alike "$new"; mv -fT -- "$new" "$live"; fi
sync -- "$live" "$dir" 2>/dev/null || :
"""
)
