"""Whether a key on a node belongs to the certificate beside it. The key stays there: public keys are compared."""

from __future__ import annotations

from collections.abc import Iterable

from tasks.core.errors import OperatorError
from tasks.core.file_names import CERT_FILE, KEY_FILE
from tasks.core.model import Node
from tasks.core.pending import has_own_pair
from tasks.core.snapshot import NodeFiles, Snapshot
from tasks.core.start_load import KeyLook
from tasks.effects.file_access import sh
from tasks.effects.remote import Remote
from tasks.effects.site import Site

# args: certificate, key. Prints one word of KeyLook. openssl is used where it is there, and asks nobody
# for a passphrase.
_COMPARE = r"""
set -u
command -v openssl > /dev/null 2>&1 || { echo unseen; exit 0; }
! grep -q ENCRYPTED -- "$2" || { echo encrypted; exit 0; }
cert=$(openssl x509 -in "$1" -noout -pubkey 2> /dev/null) && [ -n "$cert" ] || { echo broken; exit 0; }
key=$(openssl pkey -in "$2" -pubout -passin pass: 2> /dev/null < /dev/null) && [ -n "$key" ] \
    || { echo broken; exit 0; }
if [ "$cert" = "$key" ]; then echo matches; else echo other; fi
"""


def look_at_keys(site: Site, snapshot: Snapshot, nodes: Iterable[Node]) -> dict[str, KeyLook]:
    """Per node that has both files, what it says of them; UNSEEN where it cannot be asked.

    Nodes whose files could not be seen are left out: a finding says so.
    """
    asked = [(node, snapshot.nodes[node.name].files) for node in nodes]
    with_pair = [
        (node, files) for node, files in asked if isinstance(files, NodeFiles) and has_own_pair(files)
    ]
    looks = site.pool.map(lambda one: look_at_key(site.remote(one[0]), one[1]), with_pair)
    return dict(zip((node.name for node, _ in with_pair), looks, strict=True))


def look_at_key(remote: Remote, files: NodeFiles) -> KeyLook:
    """What the node says of its live pair; UNSEEN where the command fails or there is no openssl."""
    paths = (files.files[CERT_FILE].path, files.files[KEY_FILE].path)
    try:
        done = sh(remote, _COMPARE, *paths, acting=files.acting, what="compare the key with the certificate")
    except OperatorError:
        return KeyLook.UNSEEN
    return KeyLook(done.text.strip())
