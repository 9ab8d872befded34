"""The POSIX sh that tells what the files of a node are: pieces of the scripts in look_scripts.py."""

from __future__ import annotations

# What is asked of several files is asked at once: a process for each would be most of a look's time. Each is asked
# for alone where the answer has not one line for each.
AT_ONCE = r"""
nl='
'
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
reals() {  # name, path ...: each becomes a variable, the path without symbolic links
    names=
    left=$#
    while [ $left -gt 0 ]; do
        names="$names $1"
        set -- "$@" "$2"
        shift 2
        left=$((left - 2))
    done
    list=$(readlink -m -- "$@" 2>/dev/null) || list=
    lines "$list"
    if [ $lines = $# ]; then
        for name in $names; do line; eval "$name=\$line"; done
        return
    fi
    for name in $names; do
        real=$(readlink -m -- "$1") || real=$1
        eval "$name=\$real"
        shift
    done
}
"""

# Knows: uid, user (the service user), keystore, truststore, the same as keystore_real and truststore_real and the
# data directory as data, without symbolic links; cfg, or "".
# args: the target directories. Prints one fact per line; certificates in base64. Where a target's files are
# staged is decided by where it really lies: core/places.py work_dir is the same rule.
FACTS_OF_FILES = r"""
fact() {
    case $2 in
        *[[:cntrl:]]*) printf '%s %s\n' "$1" "$(printf %s "$2" | tr '[:cntrl:]' '?')" ;;
        *) printf '%s %s\n' "$1" "$2" ;;
    esac
}
fact effective "$keystore_real"
fact effective "$truststore_real"
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
# What the service user may, y or n each.
asked='say() { if "$@"; then printf y; else printf n; fi; }
    say [ -w /tmp ]
    files=8
    while [ $files -gt 0 ]; do say [ -r "$1" ]; shift; files=$((files - 1)); done
    while [ $# -gt 0 ]; do
        if [ -w "$3" ] && [ -w "$4" ]; then printf y; else printf n; fi
        shift 5
    done'
as_service() {
    if [ "$uid" = "${user%%:*}" ]; then eval "$asked"
    elif [ "$uid" = 0 ]; then chroot --userspec="$user" / sh -c "$asked" sh "$@"
    else return 2
    fi
}
may=$(as_service "$keystore/Cluster_cert.pem" "$keystore/Cluster_key.pem" \
    "$truststore/Cluster_cafile.pem" "$truststore/Cluster_crl/crl.pem" \
    "$keystore/HA_cert.pem" "$keystore/HA_key.pem" "$truststore/HA_cafile.pem" "$truststore/HA_crl/crl.pem" "$@")
next() { can=no; case $may in y*) can=yes ;; esac; may=${may#?}; }
next
tmp=$can
attributes='%u:%g %a %Z %C'  # without SELinux stat fails, and is right
# Of the eight files those that are there, and of each target the directories that are there of it.
there= sums= seens=
at_once() {
    left=8
    while [ $left -gt 0 ]; do
        if [ -e "$1" ]; then there=${there}y; set -- "$@" "$1"; else there=${there}n; fi
        shift
        left=$((left - 1))
    done
    case $there in *y*) ;; *) return ;; esac
    targets=$1
    shift
    sums=$(shift $targets; exec sha256sum -- "$@" 2>/dev/null) || :
    lines "$sums"
    [ $lines = $(($# - targets)) ] || sums=
    while [ $targets -gt 0 ]; do
        set -- "$@" "$3" "$4"
        shift 5
        targets=$((targets - 5))
    done
    seens=$(stat -L -c "%d $attributes" -- "$@" 2>/dev/null) || :
    lines "$seens"
    [ -n "$sums" ] && [ $lines = $# ] || sums= seens=
}
at_once "$keystore/Cluster_cert.pem" "$keystore/Cluster_key.pem" \
    "$truststore/Cluster_cafile.pem" "$truststore/Cluster_crl/crl.pem" \
    "$keystore/HA_cert.pem" "$keystore/HA_key.pem" "$truststore/HA_cafile.pem" "$truststore/HA_crl/crl.pem" $# "$@"
show() {
    next
    here=${there%"${there#?}"}
    there=${there#?}
    if [ $here = n ]; then echo "file $2 absent"; return; fi
    if [ -n "$seens" ]; then
        list=$sums; line; sums=$list sum=${line#\\}
        list=$seens; line; seens=$list seen=${line#* }
    else
        sum=$(sha256sum < "$1") || sum=unreadable
        seen=$(stat -L -c "$attributes" -- "$1" 2>/dev/null) || :
    fi
    if [ -n "$seen" ]; then echo "file $2 ${sum%% *} $seen $can"; else echo "file $2 absent"; fi
}
content() {
    [ -r "$1" ] || return 0
    printf 'content64 %s ' "$2"
    base64 -w 0 < "$1" 2>/dev/null || base64 < "$1" | tr -d '\n'
    echo
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
spaces=
space_of() {  # of the file systems of /tmp and of each target's work directory
    left=$#
    set -- "$@" /tmp
    while [ $left -gt 0 ]; do
        set -- "$@" "$4"
        shift 5
        left=$((left - 5))
    done
    spaces=$(stat -f -c '%a %S %c %d' -- "$@" 2>/dev/null) || :
    lines "$spaces"
    [ $lines = $# ] || spaces=
}
space_of "$@"
space() {  # of the next one, which is $1; $2 where it cannot be told
    if [ -n "$spaces" ]; then
        list=$spaces; line; spaces=$list space=$line
    else
        space=$(stat -f -c '%a %S %c %d' -- "$1" 2>/dev/null) || space=$2
    fi
}
space /tmp '1 0 0 0'
full() {  # of /tmp: no block for the service user, or no inode (file systems that count none say 0 of 0)
    set -- $space
    [ "$1" = 0 ] || { [ "$3" != 0 ] && [ "$4" = 0 ]; }
}
if [ -e /tmp/.restart_inited ]; then echo "marker stale"
elif [ $tmp != yes ]; then echo "marker unwritable"
elif full; then echo "marker full"
else echo "marker free"
fi
device() {  # of the next one, which is $1
    if [ -n "$seens" ]; then
        list=$seens; line; seens=$list device=${line%% *}
    else
        device=$(stat -L -c %d -- "$1") || :
    fi
}
while [ $# -gt 0 ]; do
    fact real "$2"
    next
    if [ $can = yes ]; then may_write=service
    elif [ "$uid" = 0 ]; then may_write=root
    else may_write=nobody
    fi
    device "$3"
    on=$device
    device "$4"
    space "$4" '0 0 0 0'
    blocks=${space%% *} size=${space#* }
    fact target "$may_write $on $device $((blocks * ${size%% *} / 1024)) $1"
    for run in "$5"/*; do [ ! -d "$run" ] || fact work "$run"; done
    shift 5
done
"""
