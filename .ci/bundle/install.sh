#!/bin/sh
# Install from this wheelhouse, without network: sh install.sh DIRECTORY
# Makes DIRECTORY/venv and DIRECTORY/tree, and DIRECTORY/fab, which runs from anywhere. Run it again to replace them.
set -eu

fail() {
    echo "install: $1" >&2
    echo "  -> $2" >&2
    exit 2
}

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        version=$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
        case "$(cat "$here/tree/release.json")" in *"\"$version\""*)
            echo "$candidate"
            return
        esac
    done
}

[ $# = 1 ] || fail "one argument is needed: where to install" "sh install.sh /opt/amlen-cluster-tls"
here=$(cd "$(dirname "$0")" && pwd)
python=$(find_python)
[ -n "$python" ] || fail "no Python of this wheelhouse's versions is on the PATH" "apt-get install python3 python3-venv"
"$python" -c 'import ensurepip, venv' 2>/dev/null \
    || fail "this Python cannot make virtual environments" "apt-get install python3-venv; or use the one-file bundle"
mkdir -p "$1" || fail "cannot make $1" "name a directory that you may write to"
target=$(cd "$1" && pwd)
[ -e "$target/.amlen-cluster-tls" ] || [ -z "$(ls -A "$target")" ] \
    || fail "$target has other files in it" "name a new directory, or that of an earlier installation"
touch "$target/.amlen-cluster-tls"
rm -rf "$target/venv" "$target/tree" "$target/fab"
"$python" -m venv "$target/venv"
"$target/venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-index \
    --find-links "$here/wheels" --require-hashes -r "$here/requirements.txt" \
    || fail "pip could not install the wheels" "see the lines above; a damaged copy: unpack the tar file anew"
cp -R "$here/tree" "$target/tree"
cat >"$target/tree/fab" <<'EOF'
import sys
from pathlib import Path

from bundle.program import main

sys.argv[0] = str(Path(__file__).parents[1] / "fab")
main()
EOF
quoted=$(printf '%s' "$target" | sed "s/'/'\\\\''/g")
printf "#!/bin/sh\nexec '%s/venv/bin/python' '%s/tree/fab' \"\$@\"\n" "$quoted" "$quoted" >"$target/fab"
chmod 755 "$target/fab"
"$target/fab" --version
