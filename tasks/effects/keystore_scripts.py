"""The POSIX sh that looks at keystores and moves them: see `shell_scripts` for the rules of all scripts."""

from tasks.effects.stage_scripts import OWN_DIRS

# args: service user, top of all paths, server.cfg, then directories. Prints the times of server.cfg, and
# per directory one line about itself and one per entry; names last, for they may hold blanks.
LIST = r"""
set -u
user=$1 root=$2 cfg=$3
shift 3
uid=$(id -u)
as_service() {
    if [ "$uid" = "${user%%:*}" ]; then "$@"
    elif [ "$uid" = 0 ]; then chroot --userspec="$user" / "$@"
    else return 2
    fi
}
plain() { printf %s "$1" | tr '[:cntrl:]' '?'; }
# Of all entries at once, y or n each: a process per entry would be most of the time.
asked='for path do if [ -r "$path" ]; then printf y; else printf n; fi; done'
item() {
    sum=-
    if [ "$3" = file ]; then sum=$(sha256sum 2>/dev/null < "$1") || sum=unreadable; fi
    seen=$(stat -L -c '%s %u:%g %a' -- "$1" 2>/dev/null) || seen='0 - -'
    printf 'item %s %s %s %s %s\n' "$3" "${sum%% *}" "$seen" "$can" "$(plain "$2")"
}
walk() {
    within=$2 depth=$3
    set -- "$1"/* "$1"/.[!.]* "$1"/..?*
    readable=$(as_service sh -c "$asked" sh "$@")
    for entry do
        can=no
        case $readable in y*) can=yes ;; esac
        readable=${readable#?}
        name=$within${entry##*/}
        case ${entry##*/} in .fab-tls*) continue ;; esac
        if [ -d "$entry" ]; then
            if [ ! -r "$entry" ] || [ ! -x "$entry" ]; then item "$entry" "$name" closed
            elif [ "$depth" -gt 7 ]; then item "$entry" "$name" deep
            else item "$entry" "$name" directory; (walk "$entry" "$name/" $((depth + 1)))
            fi
        elif [ -f "$entry" ]; then item "$entry" "$name" file
        elif [ -e "$entry" ]; then item "$entry" "$name" other
        elif [ -h "$entry" ]; then item "$entry" "$name" dangling
        fi
    done
}
nearest() {
    dir=$1
    while [ ! -e "$dir" ]; do
        case $dir in ?*/*) dir=${dir%/*} ;; *) dir=/ ;; esac
    done
    printf '%s\n' "$dir"
}
folder() {
    if [ -d "$1" ] && [ -r "$1" ] && [ -x "$1" ]; then state=directory reach=no
        if as_service sh -c '[ -r "$1" ] && [ -x "$1" ]' sh "$1"; then reach=yes; fi
    elif [ -d "$1" ]; then state=closed reach=no
    elif [ -e "$1" ] || [ -h "$1" ]; then state=other reach=no
    elif as_service test -x "$(nearest "$1")"; then state=absent reach=yes
    else state=absent reach=no
    fi
    seen=$(stat -L -c '%u:%g %a' -- "$1" 2>/dev/null) || seen='- -'
    kind=$(stat -f -c %T -- "$(nearest "$1")" 2>/dev/null) || kind=unknown
    real=$(readlink -m -- "$1") || real=$1
    printf 'folder %s %s %s %s %s\n' "$state" "$seen" "$reach" "${kind%% *}" "$(plain "$real")"
    [ "$state" != directory ] || walk "${1%/}" "" 0
}
printf 'root %s\n' "$(readlink -m -- "$root")"
printf 'cfg %s\n' "$(stat -L -c '%Y %Z %u:%g %a' -- "$cfg")"
for each in "$@"; do folder "$each"; done
"""

# args: owner of new directories, then (old, new) per directory. Copies what is not there yet, with owner,
# mode and label; what is there stays as it is. Each copy appears whole, by a rename. Safe to repeat.
CARRY = (
    OWN_DIRS
    + r"""
set -eu
umask 077
trap '' HUP PIPE INT TERM
owner=$1
shift
label() {
    [ ! -e /sys/fs/selinux/enforce ] || chcon $3 --reference="$1" -- "$2" || echo "label kept: $2" >&2 || :
}
carry() {
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        name=${entry##*/}
        case $name in .fab-tls*) continue ;; esac
        [ -e "$entry" ] || continue
        if [ -d "$entry" ] && [ -d "$2/$name" ]; then (carry "$entry" "$2/$name"); continue; fi
        [ ! -e "$2/$name" ] && [ ! -h "$2/$name" ] || continue
        case $(readlink -- "$entry") in ""|/*) links=-P ;; *) links=-H ;; esac
        rm -rf -- "$2/.fab-tls.part"
        cp -pR $links -- "$entry" "$2/.fab-tls.part"
        label "$entry" "$2/.fab-tls.part" -R
        mv -fT -- "$2/.fab-tls.part" "$2/$name"
    done
}
while [ $# -gt 0 ]; do
    fresh=no
    [ -d "$2" ] || fresh=yes
    own_dirs "$2"
    if [ -d "$1" ]; then
        [ $fresh = no ] || label "$1" "$2" ""
        carry "$1" "$2"
    fi
    sync -- "$2" 2>/dev/null || :
    shift 2
done
"""
)

# args: the staged and the live server.cfg. Puts the first in the place of the second, as whose it was.
SWITCH = r"""
set -eu
umask 077
trap '' HUP PIPE INT TERM
new=$1 cfg=$2
if [ -e "$new" ]; then
    chmod --reference="$cfg" -- "$new"
    [ "$(id -u)" != 0 ] || chown --reference="$cfg" -- "$new"
    [ ! -e /sys/fs/selinux/enforce ] || chcon --reference="$cfg" -- "$new" || echo "label kept: $new" >&2 || :
    mv -fT -- "$new" "$cfg"
fi
sync -- "$cfg" 2>/dev/null || :
"""
