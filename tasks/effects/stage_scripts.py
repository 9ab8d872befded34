"""The POSIX sh that brings files to a node; see shell_scripts.py."""

# Ends the script (13) where a directory of ours is a symbolic link: nobody of us has made it one.
NO_LINKS = r"""
no_links() {
    case $1 in */.fab-tls|*/.fab-tls/*) ;; *) return 0 ;; esac
    [ ! -h "$1" ] || { echo "$1 is a symbolic link: nothing is written through it" >&2; exit 13; }
    no_links "${1%/*}"
}
"""

# Makes a directory and what is missing above it; each is $owner's at the moment it appears. What stands where it
# is made, a link above all, is not taken for ours.
OWN_DIRS = (
    NO_LINKS
    + r"""
own_dirs() {
    [ -z "$1" ] || [ -d "$1" ] || {
        own_dirs "${1%/*}"
        if [ -e "$1.fab-tls" ] || [ -h "$1.fab-tls" ]; then
            rm -f -- "$1.fab-tls" 2>/dev/null || rmdir -- "$1.fab-tls"
        fi
        mkdir -- "$1.fab-tls"
        [ "$(id -u)" != 0 ] || chown -h -- "$owner" "$1.fab-tls"
        mv -fT -- "$1.fab-tls" "$1"
    }
}
"""
)

# Around what writes "$path.part": its directory made, nobody's file in its way; then it is $path, whole, at once.
PART = (
    OWN_DIRS
    + r"""
begin_part() {
    dir=${path%/*}
    no_links "$dir"
    own_dirs "${dir%%/.fab-tls/*}"
    mkdir -p -- "$dir"
    rm -f -- "$path.part"
    set -C
}
end_part() {
    set +C
    chmod "$mode" -- "$path.part"
    [ "$(id -u)" != 0 ] || chown -h -- "$owner" "$path.part"
    mv -fT -- "$path.part" "$path"
    sha256sum -- "$path"
}
"""
)

# args: owner, then (path, size, mode) per file; the contents follow each other on standard input.
STAGE = (
    PART
    + r"""
set -eu
umask 077
owner=$1
shift
while [ $# -gt 0 ]; do
    path=$1 size=$2 mode=$3
    shift 3
    begin_part
    said=$(dd bs=1 count="$size" 2>&1 > "$path.part") || {
        status=$?
        echo "$said" | head -n 1 >&2
        exit $status
    }
    end_part
done
"""
)
