"""The directory tree of one node as an installation leaves it: server.cfg, certificates, logs."""

from __future__ import annotations

import os
from pathlib import Path

from tasks.lab.keys import Pair, make_server_pair, write_private
from tasks.lab.layout import Lab, LabNode

_CERTIFICATES = ("keystore", "truststore", "LDAP", "MQC", "CRL", "OAuth", "PSK", "LTPAKeyStore")
_SERVER_CFG = """\
# Configuration of the messaging server: static part.
# Read once, when the server starts. Lines that begin with # or * are comments.

ProductMode = 0

# Locations
ConfigDir              = {data}/data/config
PolicyDir              = {data}/data/policies
KeyStore               = {data}/data/certificates/keystore
LDAPCertificateDir     = {data}/data/certificates/LDAP
MQCertificateDir       = {data}/data/certificates/MQC
TrustedCertificateDir  = {data}/data/certificates/truststore
LTPAKeyStore           = {data}/data/certificates/LTPAKeyStore
OAuthCertificateDir    = {data}/data/certificates/OAuth
CRLDir                 = {data}/data/certificates/CRL
PreSharedKeyDir        = {data}/data/certificates/PSK
DiagDir                = {data}/diag

# Store
Store.DiskRootPath     = {data}/store

# Cluster: TLS on the control channel, 1 = always, 2 = never, 3 = as MessagingUseTLS
Cluster.ControlTLSPolicy = 1
* Cluster.ControlHeartbeatTimeout = 20

# Trace
TraceFile              = {data}/diag/logs/imatrace.log
TraceLevel             = 7
TraceMax               = 200MB
TraceOptions           = where,thread,append,time

# SNMP agent
# SNMPPort             = 705

# Slow down clients that fail to authenticate
Throttle.Enabled       = true
Throttle.Frequency     = 3600
Throttle.Threshold.Limit.1 = 5
Throttle.Threshold.Delay.1 = 500
"""


def make_tree(lab: Lab, node: LabNode, *, admin_ca: Pair) -> None:
    """Everything below the node's data directory, still owned by the caller."""
    if node.upgraded:
        node.real_data_dir.mkdir(parents=True)
        node.data_dir.parent.mkdir(parents=True, exist_ok=True)
        node.data_dir.symlink_to(node.real_data_dir)
    for name in ("data/config", "data/policies", "diag/logs", "store"):
        (node.data_dir / name).mkdir(parents=True, exist_ok=True)
    node.server_cfg.write_text(_SERVER_CFG.format(data=node.data_dir))
    (node.data_dir / "DISPOSABLE").write_text(f"a node of the lab {lab.directory}\n")
    for name in _CERTIFICATES:
        (node.certificates / name).mkdir(parents=True, mode=0o700)
    node.certificates.chmod(0o700)
    addresses = tuple(each.address for each in lab.nodes if each.member == node.member)
    _make_keystore(node, admin_ca, addresses=addresses)


def _make_keystore(node: LabNode, admin_ca: Pair, *, addresses: tuple[str, ...]) -> None:
    """The admin endpoint's own pair, and what a messaging endpoint needs beside it.

    They name both nodes of an HA pair: HA sync gives the standby the primary's certificates (T7).
    """
    keystore, truststore = node.certificates / "keystore", node.certificates / "truststore"
    for name, host in (("AdminDefault", node.name), ("MessagingEndpoint", f"mqtt-{node.name}")):
        pair = make_server_pair(admin_ca, name=host, addresses=addresses)
        write_private(keystore / f"{name}Cert.pem", pair.cert_pem)
        write_private(keystore / f"{name}Key.pem", pair.key_pem)
    (truststore / "ClientProfile_capath").mkdir(mode=0o700)
    write_private(truststore / "ClientProfile_cafile.pem", admin_ca.cert_pem)


def give_to(directory: Path, account: tuple[int, int] | None, *, keep: tuple[str, ...] = ()) -> None:
    """Make the account the owner of the directory and all in it, but for the entries named in keep."""
    if account is None:
        return
    os.chown(directory, *account)
    for entry in directory.iterdir():
        if entry.name in keep or entry.is_symlink():
            continue
        if entry.is_dir():
            give_to(entry, account)
        else:
            os.chown(entry, *account)
