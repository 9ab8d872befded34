"""The POSIX sh that finds what the tool left on a node, and wipes it: as in shell_scripts.py, values are arguments."""

from __future__ import annotations

from tasks.effects.stage_scripts import NO_LINKS

# args: work directories. Prints what is in each, three levels deep; never what is in a file. Follows no link.
LEFT = r"""
set -u
told() {
    case $2 in
        *[[:cntrl:]]*) printf '%s %s\n' "$1" "$(printf %s "$2" | tr '[:cntrl:]' '?')" ;;
        *) printf '%s %s\n' "$1" "$2" ;;
    esac
}
there() {
    if [ -h "$1" ]; then kind=link
    elif [ -d "$1" ]; then kind=directory
    elif [ -f "$1" ]; then kind=file
    elif [ -e "$1" ]; then kind=other
    else return 1
    fi
}
number=0
for work in "$@"; do
    echo "work $number"
    number=$((number + 1))
    there "$work" && [ $kind = directory ] || continue
    [ -r "$work" ] && [ -x "$work" ] || { echo "cannot be looked into: $work" >&2; exit 11; }
    for entry in "$work"/*; do
        there "$entry" || continue
        told "entry $kind" "${entry##*/}"
        [ $kind = directory ] || continue
        for part in "$entry"/*; do
            there "$part" || continue
            told "part $kind" "${part##*/}"
            [ $kind = directory ] || continue
            for file in "$part"/*; do
                there "$file" && told file "${file##*/}"
            done
        done
    done
done
"""

# args: the work directory with the lock, the run that holds it ("" for none), then directories of ours. Exit 7: the
# lock is another's by now. Keys are overwritten, then all of it is removed; from the first moment it is no backup
# any more. Nothing is written or removed through a link, and no file that has another name as well is overwritten.
WIPE = (
    NO_LINKS
    + r"""
set -u
umask 077
trap '' HUP PIPE
work=$1 holder=$2
shift 2
if [ -e "$work/lock" ] || [ -n "$holder" ]; then
    [ -n "$holder" ] || exit 7
    case $(cat -- "$work/lock/owner" 2>/dev/null) in *"\"run\":\"$holder\""*) ;; *) exit 7 ;; esac
fi
blot() {
    [ -f "$1" ] && [ ! -h "$1" ] || return 0
    [ "$(stat -c %h -- "$1")" = 1 ] || { printf 'not overwritten, it has another name as well: %s\n' "$1"; return 0; }
    chmod u+w -- "$1" && dd if=/dev/zero of="$1" bs=1 count="$(stat -c %s -- "$1")" conv=notrunc 2>/dev/null \
        && { sync -- "$1" 2>/dev/null || sync; } || printf 'not overwritten: %s\n' "$1"
}
failed=0
for dir in "$@"; do
    no_links "$dir"
    [ -d "$dir" ] || continue
    for part in "$dir" "$dir"/*; do
        [ -d "$part" ] && [ ! -h "$part" ] || continue
        rm -f -- "$part/complete"
        for file in "$part"/*_key.pem*; do blot "$file"; done
    done
    rm -rf -- "$dir" || failed=4
    rmdir -- "${dir%/*}" 2>/dev/null || continue
    case ${dir%/*} in */.fab-tls) ;; *) rmdir -- "${dir%/*/*}" 2>/dev/null || : ;; esac
done
exit $failed
"""
)
