"""The POSIX sh that runs on the nodes: nothing there but sh and coreutils is needed.

Every value comes in as an argument, file content on standard input; no script is ever put
together from text. Nothing here prints file content except READ_CFG (server.cfg) and FACTS
(certificates: public).
"""

from tasks.effects.stage_scripts import NO_LINKS, OWN_DIRS

# args: server.cfg, the product's directory, its data directory, the directory below which they lie (a
# volume's, or /). Prints facts (the paths without symbolic links among them), a line "---", then the file.
READ_CFG = r"""
set -u
cfg=$(readlink -f -- "$1") && [ -f "$cfg" ] || { echo "no such file: $1" >&2; exit 10; }
[ -r "$cfg" ] || { echo "not readable: $cfg" >&2; exit 11; }
case $cfg in *[[:cntrl:]]*) echo "control characters in the path of server.cfg" >&2; exit 12 ;; esac
owned=$3/certificates
[ -d "$owned" ] || owned=$3
printf 'path %s\n' "$cfg"
real() {
    real=$(readlink -m -- "$2") || real=$2
    case $real in *[[:cntrl:]]*) echo "control characters in the path of $2" >&2; exit 12 ;; esac
    printf '%s %s\n' "$1" "$real"
}
real home "$2"
real data "$3"
real root "$4"
echo "now $(date +%s)"
echo "uid $(id -u)"
echo "user $(stat -c '%u:%g' -- "$owned")"
echo "cfgowner $(stat -c '%u:%g' -- "$cfg")"
echo "---"
cat -- "$cfg"
"""

# args: service user, keystore, truststore, the data directory without symbolic links, then the
# target directories. Prints one fact per line; certificates in base64. Where a target's files are
# staged is decided by where it really lies: core/places.py work_dir is the same rule.
FACTS = r"""
set -u
user=$1 keystore=$2 truststore=$3 data=$4
shift 4
uid=$(id -u)
fact() {
    case $2 in
        *[[:cntrl:]]*) printf '%s %s\n' "$1" "$(printf %s "$2" | tr '[:cntrl:]' '?')" ;;
        *) printf '%s %s\n' "$1" "$2" ;;
    esac
}
fact effective "$(readlink -m -- "$keystore" || printf %s "$keystore")"
fact effective "$(readlink -m -- "$truststore" || printf %s "$truststore")"
as_service() {
    if [ "$uid" = "${user%%:*}" ]; then "$@"
    elif [ "$uid" = 0 ]; then chroot --userspec="$user" / "$@"
    else return 2
    fi
}
# What the service user may, y or n each, asked at once: a process per question would be most of the time.
asked='marker=n; [ ! -w /tmp ] || marker=y; printf "%s" $marker
    for path do if [ -r "$path" ]; then printf y; else printf n; fi; done'
may=$(as_service sh -c "$asked" sh "$keystore/Cluster_cert.pem" "$keystore/Cluster_key.pem" \
    "$truststore/Cluster_cafile.pem" "$truststore/Cluster_crl/crl.pem" \
    "$keystore/HA_cert.pem" "$keystore/HA_key.pem" "$truststore/HA_cafile.pem" "$truststore/HA_crl/crl.pem")
next() { can=no; case $may in y*) can=yes ;; esac; may=${may#?}; }
next
tmp=$can
show() {
    next
    if [ ! -e "$1" ]; then echo "file $2 absent"; return; fi
    sum=$(sha256sum < "$1") || sum=unreadable
    seen=$(stat -L -c '%u:%g %a %Z %C' -- "$1" 2>/dev/null) || :  # without SELinux it fails and is right
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
nearest() {
    near=$1
    while [ ! -d "$near" ]; do
        case $near in ?*/*) near=${near%/*} ;; *) near=/ ;; esac
    done
}
asked_free=
while [ $# -gt 0 ]; do
    real=$(readlink -m -- "$1") || real=$1
    case $real in "$data"/*) own=$data/.fab-tls ;; *) own=$real/.fab-tls ;; esac
    nearest "$real"
    target=$near
    nearest "$own"
    work=$near
    fact real "$real"
    if as_service sh -c '[ -w "$1" ] && [ -w "$2" ]' sh "$target" "$work"; then may=service
    elif [ "$uid" = 0 ]; then may=root
    else may=nobody
    fi
    devices=$(stat -L -c %d -- "$target" "$work")
    devices="${devices%%[!0-9]*} ${devices##*[!0-9]}"  # of two lines one
    if [ "$work" != "$asked_free" ]; then
        free=$(stat -f -c '%a %S' -- "$work") || free='0 0'
        asked_free=$work
    fi
    fact target "$may $devices $((${free% *} * ${free#* } / 1024)) $1"
    for run in "$own"/*; do [ ! -d "$run" ] || fact work "$run"; done
    shift
done
"""

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
