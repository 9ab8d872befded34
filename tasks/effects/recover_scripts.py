"""The POSIX sh of `fab recover`: as in shell_scripts.py, values are arguments.

A process is the server's if it is called imaserver and one of its arguments is, as it sees the file
system itself (/proc/PID/root), the node's server.cfg.
"""

from __future__ import annotations

_PROCESS = r"""
set -u
cfg=$1
line_end='
'
called() { read -r name < "/proc/$1/comm" && [ "$name" = imaserver ]; }
mine() {
    tr '\0' '\n' < "/proc/$1/cmdline" | while read -r word; do
        case $word in /*) [ ! "/proc/$1/root$word" -ef "$cfg" ] || exit 3 ;; esac
    done
    [ $? = 3 ]
}
ticks_of() {
    stat=$(cat "/proc/$1/stat") || return 1
    set -- ${stat##*) }
    shift 19 && echo "$1"
}
over() {  # gone, or dead and not yet waited for
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    case ${stat##*) } in [ZX]*) ;; *) return 1 ;; esac
}
# Local addresses of the TCP ports that it listens on; fails where our login may not look. Only for $(...). The
# lines are split in memory: bash reads a file of /proc byte by byte, and each read goes through the whole table.
listening() {
    links=$(ls -l "/proc/$1/fd/") && [ -r "/proc/$1/net/tcp" ] || return 1
    rows=$(cat "/proc/$1/net/tcp") || return 1
    [ ! -r "/proc/$1/net/tcp6" ] || rows=$rows$line_end$(cat "/proc/$1/net/tcp6") || return 1
    set -f
    IFS=$line_end
    own=' '
    for link in $links; do
        case $link in *'-> socket:['*) link=${link##*socket:[}; own="$own${link%]*} " ;; esac
    done
    for row in $rows; do
        case $row in *' 0A '*) ;; *) continue ;; esac
        IFS=' '
        set -- $row
        [ "$4" != 0A ] || case $own in *" ${10} "*) echo "$2" ;; esac
    done
}
"""

# args: server.cfg. Prints the time, the seconds since boot, and each process with what it listens on.
LOOK = (
    _PROCESS
    + r"""
echo "now $(date +%s.%N)"
read -r up idle < /proc/uptime && echo "uptime $up"
for dir in /proc/[0-9]*; do
    pid=${dir#/proc/}
    called "$pid" 2>/dev/null || continue
    [ -e "/proc/$pid/root/" ] || { over "$pid" || echo "hidden $pid"; continue; }
    mine "$pid" 2>/dev/null || continue
    ticks=$(ticks_of "$pid" 2>/dev/null) || continue
    # It fails as well where a file is closed just then: once more.
    heard=$(listening "$pid" 2>/dev/null) || heard=$(listening "$pid" 2>/dev/null) ||
        { over "$pid" || echo "hidden $pid"; continue; }
    echo "process $pid $ticks"
    for place in $heard; do echo "listen $pid $place"; done
done
"""
)

# args: server.cfg, pid, its start in ticks, the ports (as /proc writes them) at which it must not listen;
# none: at no port at all. Exit 8: it is another process by now; 9: it listens, or cannot be looked at.
TERM = (
    _PROCESS
    + r"""
pid=$2 ticks=$3
shift 3
called "$pid" 2>/dev/null && mine "$pid" 2>/dev/null || exit 8
[ "$(ticks_of "$pid" 2>/dev/null)" = "$ticks" ] || exit 8
heard=$(listening "$pid" 2>/dev/null) || exit 9
[ $# != 0 ] || [ -z "$heard" ] || exit 9
for port in "$@"; do
    for place in $heard; do [ "${place##*:}" != "$port" ] || exit 9; done
done
kill -TERM "$pid"
"""
)

# args: server.cfg, pid, its start in ticks. Exit 0: there still; 8: it has ended.
THERE = (
    _PROCESS
    + r"""
called "$2" 2>/dev/null || exit 8
stat=$(cat "/proc/$2/stat" 2>/dev/null) || exit 8
case ${stat##*) } in Z*|X*) exit 8 ;; esac
[ "$(ticks_of "$2" 2>/dev/null)" = "$3" ] || exit 8
"""
)

# args: directories. Per directory a line: "none", or "dir" and which of the admin endpoint's files are in it.
HOLDING = r"""
set -u
for dir in "$@"; do
    if [ -d "$dir" ]; then found=dir; else echo none; continue; fi
    for name in AdminDefaultCert.pem AdminDefaultKey.pem; do
        [ ! -f "$dir/$name" ] || found="$found $name"
    done
    echo "$found"
done
"""

# args: source and target directory, owner. Copies what is lacking there, each file by a rename.
COPY_ADMIN = r"""
set -eu
umask 077
for name in AdminDefaultCert.pem AdminDefaultKey.pem; do
    [ ! -e "$2/$name" ] || continue
    rm -f -- "$2/.fab-tls.part"
    cp -pL -- "$1/$name" "$2/.fab-tls.part"
    [ "$(id -u)" != 0 ] || chown -- "$3" "$2/.fab-tls.part"
    [ ! -e /sys/fs/selinux/enforce ] || chcon --reference="$2" -- "$2/.fab-tls.part" || :
    mv -fT -- "$2/.fab-tls.part" "$2/$name"
done
sync -- "$2" 2>/dev/null || :
"""
