"""What the real server does with credential files, as a value: the verdict follows it, and a test can break it.

Each field is one thing that was measured on real servers or read in their source (AMLEN.md §1, §2; Eclipse
Amlen, server_utils/src/ssl.c and ConnectionHandler.c).
"""

from __future__ import annotations

from tasks.core.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ServerRules:
    """The rules of the control channel; all of them hold on the real server.

    Args:
        missing_pair_falls_back: Without certificate or key it uses its built-in pair and says nothing (T2).
        weak_is_refused: Security level 2: RSA below 2048 bits and SHA-1 signatures make no context (T1).
        wants_root: A path must end at a self-signed certificate of the CA file.
        checks_purpose: EKU and key usage of a peer are looked at, as client and as server.
        checks_dates: So are its dates, and those of all above it.
        dialer_forgives_self_signed: The side that dials takes a lone self-signed certificate that it does not
            know (T4).
        acceptor_checks_list: With Cluster_crl/crl.pem the accepting side wants a list for each client (T12).
        dialer_checks_list: The side that dials looks at no list (T12).
        tls12_wants_ecdsa: Below TLS 1.3 there is one cipher, ECDHE-ECDSA, and one curve, P-256.
        builtin_accepts_itself_only: On the built-in pair the CA file serves only what is dialed.
    """

    missing_pair_falls_back: bool = True
    weak_is_refused: bool = True
    wants_root: bool = True
    checks_purpose: bool = True
    checks_dates: bool = True
    dialer_forgives_self_signed: bool = True
    acceptor_checks_list: bool = True
    dialer_checks_list: bool = False
    tls12_wants_ecdsa: bool = True
    builtin_accepts_itself_only: bool = True


SERVER = ServerRules()
