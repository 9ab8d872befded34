#!/bin/sh
# amlen-cluster-tls, a bundle: needs a Python of @PYTHONS@ and nothing else. What follows this script is its archive.
for python in python3 @CANDIDATES@; do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] not in "@PYTHONS@".split())' 2>/dev/null
    then
        exec "$python" "$0" "$@"
    fi
done
echo "no Python of the versions @PYTHONS@ is on the PATH" >&2
echo "  -> install one (apt-get install python3, dnf install python3.11), or add its directory to the PATH" >&2
exit 2
