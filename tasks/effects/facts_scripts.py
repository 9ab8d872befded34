"""The POSIX sh that tells what the files of a node are: pieces of the scripts in look_scripts.py."""

from __future__ import annotations

BOTH = r"""
nl='
'
both() {  # $1 and $2 without symbolic links, as one and other; each asked for alone where that is not two lines
    one=$(readlink -m -- "$1" "$2" 2>/dev/null) || one=
    other=${one#*"$nl"}
    case $one in
        *"$nl"*"$nl"*|*"$nl") one= ;;
        *"$nl"*) one=${one%%"$nl"*} ;;
        *) one= ;;
    esac
    [ -z "$one" ] || return 0
    one=$(readlink -m -- "$1") || one=$1
    other=$(readlink -m -- "$2") || other=$2
}
"""

# Knows: uid, user (the service user), keystore, truststore, data (the data directory without symbolic links).
# args: the target directories. Prints one fact per line; certificates in base64. Where a target's files are
# staged is decided by where it really lies: core/places.py work_dir is the same rule.
FACTS_OF_FILES = r"""
fact() {
    case $2 in
        *[[:cntrl:]]*) printf '%s %s\n' "$1" "$(printf %s "$2" | tr '[:cntrl:]' '?')" ;;
        *) printf '%s %s\n' "$1" "$2" ;;
    esac
}
both "$keystore" "$truststore"
keystore_real=$one truststore_real=$other
fact effective "$keystore_real"
fact effective "$truststore_real"
as_service() {
    if [ "$uid" = "${user%%:*}" ]; then "$@"
    elif [ "$uid" = 0 ]; then chroot --userspec="$user" / "$@"
    else return 2
    fi
}
nearest() {
    near=$1
    while [ ! -d "$near" ]; do
        case $near in ?*/*) near=${near%/*} ;; *) near=/ ;; esac
    done
}
# Of each target five words: as it was given, where it really lies, the directory that is there of it and of its work
# directory, and that itself.
left=$#
while [ $left -gt 0 ]; do
    case $1 in
        "$keystore") real=$keystore_real ;;
        "$truststore") real=$truststore_real ;;
        "${cfg%/*}") real=$1 ;;
        *) real=$(readlink -m -- "$1") || real=$1 ;;
    esac
    case $real in "$data"/*) own=$data/.fab-tls ;; *) own=$real/.fab-tls ;; esac
    nearest "$real"
    target=$near
    nearest "$own"
    set -- "$@" "$1" "$real" "$target" "$near" "$own"
    shift
    left=$((left - 1))
done
# What the service user may, y or n each, asked at once: a process per question would be most of the time.
asked='say() { if "$@"; then printf y; else printf n; fi; }
    say [ -w /tmp ]
    files=8
    while [ $files -gt 0 ]; do say [ -r "$1" ]; shift; files=$((files - 1)); done
    while [ $# -gt 0 ]; do
        if [ -w "$3" ] && [ -w "$4" ]; then printf y; else printf n; fi
        shift 5
    done'
may=$(as_service sh -c "$asked" sh "$keystore/Cluster_cert.pem" "$keystore/Cluster_key.pem" \
    "$truststore/Cluster_cafile.pem" "$truststore/Cluster_crl/crl.pem" \
    "$keystore/HA_cert.pem" "$keystore/HA_key.pem" "$truststore/HA_cafile.pem" "$truststore/HA_crl/crl.pem" "$@")
next() { can=no; case $may in y*) can=yes ;; esac; may=${may#?}; }
next
tmp=$can
lines() {  # how many $1 has
    set -f
    IFS=$nl
    set -- $1
    unset IFS
    set +f
    lines=$#
}
line() {  # the first one of $list, which is then gone from there
    line=${list%%"$nl"*}
    case $list in *"$nl"*) list=${list#*"$nl"} ;; *) list= ;; esac
}
attributes='%u:%g %a %Z %C'  # without SELinux stat fails, and is right
# Of all files that are there at once; each alone (see below) where not every one of them has its line.
there= sums= seens=
at_once() {
    for file do
        shift
        if [ -e "$file" ]; then there=${there}y; set -- "$@" "$file"; else there=${there}n; fi
    done
    [ $# != 0 ] || return 0
    sums=$(sha256sum -- "$@" 2>/dev/null) || :
    lines "$sums"
    [ $lines = $# ] || sums=
    seens=$(stat -L -c "$attributes" -- "$@" 2>/dev/null) || :
    lines "$seens"
    [ $lines = $# ] || seens=
}
at_once "$keystore/Cluster_cert.pem" "$keystore/Cluster_key.pem" \
    "$truststore/Cluster_cafile.pem" "$truststore/Cluster_crl/crl.pem" \
    "$keystore/HA_cert.pem" "$keystore/HA_key.pem" "$truststore/HA_cafile.pem" "$truststore/HA_crl/crl.pem"
show() {
    next
    here=${there%"${there#?}"}
    there=${there#?}
    if [ $here = n ]; then echo "file $2 absent"; return; fi
    if [ -n "$sums" ] && [ -n "$seens" ]; then
        list=$sums; line; sums=$list sum=${line#\\}
        list=$seens; line; seens=$list seen=$line
    else
        sum=$(sha256sum < "$1") || sum=unreadable
        seen=$(stat -L -c "$attributes" -- "$1" 2>/dev/null) || :
    fi
    if [ -n "$seen" ]; then echo "file $2 ${sum%% *} $seen $can"; else echo "file $2 absent"; fi
}
content() {
    [ ! -r "$1" ] || echo "content64 $2 $(base64 -w 0 < "$1" 2>/dev/null || base64 < "$1" | tr -d '\n')"
}
for use in Cluster HA; do
    show "$keystore/${use}_cert.pem" "${use}_cert.pem"
    show "$keystore/${use}_key.pem" "${use}_key.pem"
    show "$truststore/${use}_cafile.pem" "${use}_cafile.pem"
    show "$truststore/${use}_crl/crl.pem" "${use}_crl/crl.pem"
    content "$truststore/${use}_cafile.pem" "${use}_cafile.pem"
    content "$keystore/${use}_cert.pem" "${use}_cert.pem"
    content "$truststore/${use}_crl/crl.pem" "${use}_crl/crl.pem"
done
[ ! -e "$truststore/Cluster_crl/crl.pem" ] || echo "crl present"
[ ! -e "$truststore/HA_crl/crl.pem" ] || echo "ha crl"
for entry in "$truststore"/HA_capath/*; do
    [ ! -e "$entry" ] || { echo "ha capath"; break; }
done
for entry in "$keystore"/* "$keystore"/.[!.]* "$keystore"/..?*; do
    [ -e "$entry" ] || continue
    case ${entry##*/} in Cluster_cert.pem|Cluster_key.pem|.fab-tls*) ;; *) fact other "${entry##*/}" ;; esac
done
full() {  # of /tmp: no block for the service user, or no inode (file systems that count none say 0 of 0)
    set -- $(stat -f -c '%a %c %d' -- /tmp 2>/dev/null || echo 1 0 0)
    [ "$1" = 0 ] || { [ "$2" != 0 ] && [ "$3" = 0 ]; }
}
if [ -e /tmp/.restart_inited ]; then echo "marker stale"
elif [ $tmp != yes ]; then echo "marker unwritable"
elif full; then echo "marker full"
else echo "marker free"
fi
devices() {  # of each target's third and fourth word; one line each
    left=$#
    while [ $left -gt 0 ]; do
        set -- "$@" "$3" "$4"
        shift 5
        left=$((left - 5))
    done
    stat -L -c %d -- "$@"
}
[ $# = 0 ] || devices=$(devices "$@")
device() {
    device=${devices%%[!0-9]*}
    devices=${devices#"$device"}
    devices=${devices#?}
}
asked_free=
while [ $# -gt 0 ]; do
    fact real "$2"
    next
    if [ $can = yes ]; then may_write=service
    elif [ "$uid" = 0 ]; then may_write=root
    else may_write=nobody
    fi
    device
    on=$device
    device
    if [ "$4" != "$asked_free" ]; then
        free=$(stat -f -c '%a %S' -- "$4") || free='0 0'
        asked_free=$4
    fi
    fact target "$may_write $on $device $((${free% *} * ${free#* } / 1024)) $1"
    for run in "$5"/*; do [ ! -d "$run" ] || fact work "$run"; done
    shift 5
done
"""
