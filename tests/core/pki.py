"""A corporate PKI for tests: a root, a CA below it, and what it makes of requests."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from tasks.core.certificates import Certificate
from tasks.core.issuing import BOTH_USAGES, Issuer, Recipe, Subject, issue, new_ca, new_key
from tasks.core.private_keys import PrivateKey
from tests.core.certs import NOW

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Pki:
    """Root and issuing CA; `above` is what a leaf needs beside itself."""

    root: Issuer
    issuing: Issuer

    @property
    def above(self) -> tuple[Certificate, Certificate]:
        return self.issuing.certificate, self.root.certificate

    def sign(self, key: PrivateKey, name: str, *, at: datetime = NOW, days: int = 300) -> Certificate:
        recipe = Recipe(Subject(name), at - 30 * DAY, at + days * DAY)
        return issue(recipe, key, issuer=self.issuing)

    def sign_one_sided(self, key: PrivateKey, name: str, *, at: datetime) -> Certificate:
        recipe = Recipe(Subject(name), at - DAY, at + 300 * DAY, usages=BOTH_USAGES[:1])
        return issue(recipe, key, issuer=self.issuing)


def pki(name: str = "Works", *, now: datetime = NOW, days: int = 3650) -> Pki:
    root = new_ca(Subject(f"{name} Root"), days=days, now=now, path_length=1)
    return Pki(root, new_ca(Subject(f"{name} Issuing CA"), days=days, now=now, under=root))


def authority(subject: str = "odd CA", *, under: Issuer | None = None, **changes: object) -> Issuer:
    """A CA that differs from a good one in `changes`, of `Recipe`."""
    key = new_key()
    usual = Recipe(Subject(subject), NOW - DAY, NOW + 3000 * DAY, usages=(), is_ca=True, path_length=None)
    return Issuer(issue(replace(usual, **changes), key, issuer=under), key)  # type: ignore[arg-type]


def as_pem(certificates: Sequence[Certificate]) -> bytes:
    """With the text around that PKIs like to add."""
    return b"".join(f"subject={one.subject}\n".encode() + one.pem() for one in certificates)


def as_pkcs7(certificates: Sequence[Certificate], encoding: Encoding = Encoding.DER) -> bytes:
    parsed = [x509.load_der_x509_certificate(one.der) for one in certificates]
    return pkcs7.serialize_certificates(parsed, encoding)


def scattered(certificates: Sequence[Certificate], chance: random.Random) -> Mapping[str, bytes]:
    """The certificates in some files, some order and every form; some of them twice."""
    left = [*certificates, *chance.sample(list(certificates), k=chance.randint(0, len(certificates)))]
    chance.shuffle(left)
    files: dict[str, bytes] = {}
    while left:
        here, left = left[: (size := chance.randint(1, 3))], left[size:]
        form = chance.choice(("pem", "p7b", "p7c", "der"))
        if form == "der":
            left, here = [*here[1:], *left], here[:1]
        content = _in_form(form, here)
        files[f"{len(files)}.{form}"] = content
    return files


def _in_form(form: str, certificates: Sequence[Certificate]) -> bytes:
    match form:
        case "pem":
            return as_pem(certificates)
        case "der":
            return certificates[0].der
        case _:
            return as_pkcs7(certificates, Encoding.PEM if form == "p7b" else Encoding.DER)
