"""The POSIX sh of the lock: as in shell_scripts.py, values are arguments and content is standard input."""

from __future__ import annotations

from tasks.effects.stage_scripts import NO_LINKS

# args: work directory. Standard input: the owner's line. Exit 0: taken; 7: held, owner printed.
# The lock appears with its owner in it, by a rename that fails where another one stands. A shell's own printf
# does not always say why it could not write (a full disk); cat does.
LOCK = (
    NO_LINKS
    + r"""
set -u
umask 077
trap '' HUP PIPE
IFS= read -r line || { echo "the owner's line did not arrive" >&2; exit 4; }
no_links "$1"
mkdir -p -- "$1" || exit 4
new=$1/lock.$$
rm -rf -- "$new"
mkdir -- "$new" && printf '%s\n' "$line" | cat > "$new/owner" || { rm -rf -- "$new"; exit 4; }
if mv -fT -- "$new" "$1/lock" 2>/dev/null; then exit 0; fi
rm -rf -- "$new"
[ -d "$1/lock" ] && [ ! -h "$1/lock" ] || { echo "$1/lock is no directory" >&2; exit 4; }
head -c 2000 -- "$1/lock/owner" 2>/dev/null
exit 7
"""
)

# args: work directory, the run that holds it. Standard input: the owner's line that takes its place, in one rename.
TAKE_OVER = (
    NO_LINKS
    + r"""
set -u
umask 077
trap '' HUP PIPE
IFS= read -r line || { echo "the owner's line did not arrive" >&2; exit 4; }
no_links "$1/lock"
case $(cat -- "$1/lock/owner" 2>/dev/null) in *"\"run\":\"$2\""*) ;; *) exit 7 ;; esac
new=$1/lock/owner.$$
rm -f -- "$new"
printf '%s\n' "$line" | cat > "$new" || exit 4
mv -fT -- "$new" "$1/lock/owner" || exit 4
"""
)

# args: work directory, run. Removes the lock only if that run holds it.
UNLOCK = r"""
set -u
[ -d "$1/lock" ] || exit 0
case $(cat -- "$1/lock/owner" 2>/dev/null) in *"\"run\":\"$2\""*) ;; *) exit 7 ;; esac
mv -fT -- "$1/lock" "$1/lock.$$" || exit 4
rm -rf -- "$1/lock.$$"
rmdir -- "$1" 2>/dev/null || :
"""

# args: work directory. Prints who holds the lock; fails where it is free.
HOLDER = r"""
cat -- "$1/lock/owner"
"""
