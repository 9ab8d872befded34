"""The POSIX sh that runs on the nodes: nothing there but sh and coreutils is needed.

Every value comes in as an argument, file content on standard input; no script is ever put
together from text. Nothing here prints file content; what looks at a node is in look_scripts.py.
"""

from tasks.effects.stage_scripts import NO_LINKS, OWN_DIRS

# args: backup directory, then (name, live path) per file. Never touches a finished backup.
BACKUP = (
    NO_LINKS
    + r"""
set -eu
umask 077
dir=$1
shift
no_links "$dir"
[ ! -e "$dir/complete" ] || exit 0
rm -rf -- "$dir"
mkdir -p -- "$dir"
while [ $# -gt 0 ]; do
    if [ -e "$2" ]; then cp -pL -- "$2" "$dir/$1"; else : > "$dir/$1.absent"; fi
    shift 2
done
: > "$dir/complete"
sync -- "$dir" 2>/dev/null || :
"""
)

# args: owner, staged and live path of CA file, certificate, key, server.cfg (staged may not exist: then it is
# live already; with ".absent" after the staged name: nothing is to be live), the old keystore and truststore
# ("" unless they move). Broken off anywhere it leaves at worst no key (T2), never a key beside another
# certificate (T1). Safe to repeat.
SWAP = (
    OWN_DIRS
    + r"""
set -eu
umask 077
trap '' HUP PIPE INT TERM
owner=$1 ca_new=$2 ca=$3 cert_new=$4 cert=$5 key_new=$6 key=$7 cfg_new=$8 cfg=$9
shift 9
root=no
[ "$(id -u)" != 0 ] || root=yes
carry() {
    [ -n "$1" ] || return 0
    for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        name=${entry##*/}
        case $name in Cluster_cert.pem|Cluster_key.pem|Cluster_cafile.pem|.fab-tls*) continue ;; esac
        [ -e "$entry" ] || continue
        [ ! -e "$2/$name" ] || continue
        case $(readlink -- "$entry") in ""|/*) links=-P ;; *) links=-H ;; esac
        rm -rf -- "$2/.fab-tls.part"
        cp -pR $links -- "$entry" "$2/.fab-tls.part"
        mv -fT -- "$2/.fab-tls.part" "$2/$name"
    done
}
own_dirs "${key%/*}"
own_dirs "${ca%/*}"
carry "$1" "${key%/*}"
carry "$2" "${ca%/*}"
alike() {
    [ ! -e /sys/fs/selinux/enforce ] || chcon --reference="${2%/*}" -- "$1" \
        || echo "label kept: $1" >&2 || :
}
if [ -e "$key_new.absent" ] || [ -e "$cert_new.absent" ]; then
    rm -f -- "$key"
    [ ! -e "$cert_new.absent" ] || rm -f -- "$cert"
    rm -f -- "$key_new.absent" "$cert_new.absent"
fi
if [ -e "$ca_new" ]; then alike "$ca_new" "$ca"; mv -fT -- "$ca_new" "$ca"; fi
if [ -e "$key_new" ]; then
    alike "$key_new" "$key"
    rm -f -- "$key"
    if [ -e "$cert_new" ]; then alike "$cert_new" "$cert"; mv -fT -- "$cert_new" "$cert"; fi
    mv -fT -- "$key_new" "$key"
elif [ -e "$cert_new" ] && [ ! -e "$key" ]; then
    mv -fT -- "$cert_new" "$cert"
fi
if [ -e "$ca_new.absent" ]; then rm -f -- "$ca" "$ca_new.absent"; fi  # last: no pair is left without it (T3)
if [ -e "$cfg_new" ]; then
    chmod --reference="$cfg" -- "$cfg_new"
    [ $root = no ] || chown --reference="$cfg" -- "$cfg_new"
    alike "$cfg_new" "$cfg"
    mv -fT -- "$cfg_new" "$cfg"
fi
sync -- "$ca" "$cert" "$key" "$cfg" 2>/dev/null || :
for file in "$ca" "$cert" "$key" "$cfg"; do
    [ ! -e "$file" ] || sha256sum -- "$file"
done
"""
)

# args: stage directories. Backups stay: they are what a rollback needs.
CLEAN = r"""
set -u
for dir in "$@"; do rm -rf -- "$dir"; rmdir -- "${dir%/*}" "${dir%/*/*}" 2>/dev/null || :; done
"""

# args: log file, bytes. The end of a log, for the cause of a failure.
TAIL = r"""
[ -r "$1" ] || exit 0
tail -c "$2" -- "$1"
"""
