"""What the three files of a credential set are called: one set for the cluster, one for a pair's HA channel."""

from __future__ import annotations

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FileNames:
    """The exact, case-sensitive names that the server looks for.

    Args:
        peers: Who is kept apart where the files are wrong, in the operator's words.
    """

    key: str
    cert: str
    ca: str
    peers: str

    @property
    def crl(self) -> str:
        """The revocation list, relative to the truststore; looked for by the accepting side alone (T12)."""
        return f"{self.ca.removesuffix('_cafile.pem')}_crl/crl.pem"

    @property
    def in_order(self) -> tuple[str, str, str]:
        """CA file, certificate, key: in this order they are to be written."""
        return self.ca, self.cert, self.key


CLUSTER = FileNames("Cluster_key.pem", "Cluster_cert.pem", "Cluster_cafile.pem", "no member connects")
HA = FileNames("HA_key.pem", "HA_cert.pem", "HA_cafile.pem", "the two nodes of a pair stay apart")
KEY_FILE, CERT_FILE, CA_FILE = CLUSTER.key, CLUSTER.cert, CLUSTER.ca
ABSENT = ""  # in place of a file's SHA-256: it is not to be there
