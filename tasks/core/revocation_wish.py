"""What was asked for of a revocation list: who is meant, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from tasks.core.certificates import Certificate, CertificateFault
from tasks.core.dataclass import dataclass
from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.revocation import REASONS, RevocationList, parse_serial, serial_of, serial_text

TASK = "credentials.crl"
USES: Mapping[str, FileNames] = {"cluster": CLUSTER, "ha": HA}
USUAL_DAYS, MOST_DAYS = 90, 3650


@dataclass(frozen=True, slots=True)
class ListWish:
    """The options of the command line.

    Args:
        revoke, unrevoke: Members, files or serial numbers.
        reason: Of the entries that are added; "" for none.
        days: Validity of the list that is made; 0 for the usual.
        from_ca: The folder of another CA than the cluster's own; "" for that.
        use: "cluster" or "ha".
        place: Put the list of this machine on the nodes.
        remove: Take the nodes' lists away.
    """

    revoke: tuple[str, ...] = ()
    unrevoke: tuple[str, ...] = ()
    reason: str = ""
    days: int = 0
    from_ca: str = ""
    use: str = "cluster"
    place: bool = False
    remove: bool = False

    @property
    def names(self) -> FileNames:
        return USES[self.use]

    @property
    def asks_for_another(self) -> bool:
        """Whether an option says what the list is to be like."""
        return any((self.revoke, self.unrevoke, self.reason, self.days, self.from_ca))

    @property
    def makes(self) -> bool:
        """Whether a list is made: always, but where what is there is just placed, or taken away."""
        return self.asks_for_another or not (self.place or self.remove)

    @property
    def command(self) -> str:
        """The acting part, as it is typed again to run just this plan."""
        return f"{TASK} {'--remove' if self.remove else '--place'}{self.option}"

    @property
    def option(self) -> str:
        return " --use ha" if self.names is HA else ""

    def check(self, *, on_a_plan: str) -> None:
        """Raises UsageError with everything that cannot be.

        Args:
            on_a_plan: The option that is about a plan, not about a new list, "--resume"; "" for none.
        """
        faults = tuple(self._faults(on_a_plan))
        if faults:
            raise UsageError("\n".join(faults), remedy=f"fab --help {TASK}")

    def _faults(self, on_a_plan: str) -> Iterator[str]:
        if self.use not in USES:
            yield f"--use {self.use} is unknown: one of {', '.join(USES)}"
        if not 0 <= self.days <= MOST_DAYS:
            yield f"--days {self.days} is impossible: a number from 1 to {MOST_DAYS}"
        if self.reason and self.reason not in REASONS:
            yield f"--reason {self.reason} is unknown: one of {', '.join(REASONS)}"
        if self.reason and not self.revoke:
            yield "--reason without --revoke says nothing"
        if self.place and self.remove:
            yield "--place and --remove exclude each other"
        if self.asks_for_another and self.remove:
            yield "--remove takes the list off the nodes: it goes with no option that makes one"
        if self.asks_for_another and on_a_plan:
            yield f"{on_a_plan} goes with a list that is made already: make it first, without {on_a_plan}"
        if on_a_plan in ("--plan", "--approve") and not (self.place or self.remove):
            yield f"{on_a_plan} is about the nodes: it goes with --place or --remove"


@dataclass(frozen=True, slots=True)
class Meant:
    """Whom one WHAT stands for; certificate is None where only the serial number was given."""

    what: str
    serial: int
    certificate: Certificate | None


def meant_by(
    words: tuple[str, ...],
    *,
    members: Mapping[str, tuple[Certificate, ...]],
    certificate_in: Callable[[str], Certificate],
) -> tuple[Meant, ...]:
    """Whom these words stand for: a member's own name first, then a serial number, then a file.

    Args:
        members: Per name, the certificate file of its set here, leaf first; empty where there is none.
        certificate_in: The first certificate of a file; raises CertificateFault.

    Raises:
        UsageError: All that cannot be made out.
    """
    found, faults = [], []
    for word in dict.fromkeys(words):
        try:
            found.append(_meant(word, members, certificate_in))
        except CertificateFault as fault:
            faults.append(f"{word}: {fault.reason}")
    if faults:
        listed = f"a member ({', '.join(members)})" if members else "a member"
        raise UsageError(
            "\n".join(faults),
            remedy=f"name {listed}, a certificate's file, or a serial number in hex: 0x1A2B or 1A:2B",
        )
    return tuple(found)


def _meant(
    word: str,
    members: Mapping[str, tuple[Certificate, ...]],
    certificate_in: Callable[[str], Certificate],
) -> Meant:
    if word in members:
        if not members[word]:
            raise CertificateFault("it has no certificate here; give its file or serial number instead")
        return Meant(word, serial_of(members[word][0]), members[word][0])
    serial = parse_serial(word)
    if serial is not None:
        return Meant(word, serial, None)
    if word.isdecimal():
        raise CertificateFault("is it decimal or hex? with 0x it is a serial number in hex")
    certificate = certificate_in(word)
    return Meant(word, serial_of(certificate), certificate)


def refuse_strangers(
    revoke: tuple[Meant, ...],
    unrevoke: tuple[Meant, ...],
    *,
    before: RevocationList | None,
    issuer: str,
    issued: Callable[[Certificate], bool],
) -> None:
    """Raises UsageError for certificates of other issuers, and for what is not revoked and shall be no longer.

    Args:
        issuer: Its subject, for the message.
        issued: Whether the CA that signs the list has issued a certificate.
    """
    listed = {one.serial for one in before.revoked} if before else set()
    both = {one.serial for one in revoke} & {one.serial for one in unrevoke}
    faults = [
        f"{one.what}: issued by {one.certificate.issuer}, not by {issuer}: its list says nothing of it"
        for one in (*revoke, *unrevoke)
        if one.certificate is not None and not issued(one.certificate)
    ]
    remedy = (
        "another CA: --from-ca DIR; the list was left as it is" if faults else "the list was left as it is"
    )
    faults += [f"{one.what}: not revoked" for one in unrevoke if one.serial not in listed]
    faults += [f"{serial_text(serial)}: --revoke and --unrevoke at once" for serial in sorted(both)]
    if faults:
        raise UsageError("\n".join(faults), remedy=remedy)
