"""New leafs with new keys under the same CA; subjects, names and CA files stay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import Refused
from tasks.core.issuing import renewed, until
from tasks.core.model import Cluster
from tasks.core.renewal import RenewalWish, cut_short, left_out, of_issuer, self_signed
from tasks.effects.authority import Authority, Resolve, open_authority
from tasks.effects.console import say
from tasks.effects.credential_files import load_sets, set_paths
from tasks.effects.credential_writing import set_aside, write
from tasks.effects.judging import refuse_bad_sets

Sets = Mapping[str, CredentialSet]


def renew_sets(cluster: Cluster, wish: RenewalWish, *, secrets: Resolve) -> Sets:
    """Give everybody who has a leaf of this CA a new one; the former files are kept beside.

    Returns:
        The new sets, by label.

    Raises:
        UsageError: An impossible wish, or a CA that cannot issue.
        Refused: Nobody has a leaf of this CA, a member that was named has none, or a set is self-signed.
    """
    wish.refuse_impossible(cluster)
    now = datetime.now(UTC)
    sets, _ = load_sets(cluster.credentials, wish.owners(cluster), now, names=wish.names)
    _refuse_self_signed(sets, wish)
    authority = open_authority(cluster, use=wish.use, from_ca=wish.from_ca, secrets=secrets)
    _refuse_others(cluster, wish, sets, authority)
    issuer = authority.issuer
    ends = until(wish.days, authority.chain, now=now)
    chosen = of_issuer(sets, issuer.certificate)
    by_label = {one.label: (name, one) for name, one in chosen.items()}
    made = {label: renewed(one, issuer, ends=ends, now=now) for label, (_, one) in by_label.items()}
    refuse_bad_sets(made, at=now, remedy="fab check names what is wrong with the sets as they are")
    if (short := cut_short(authority.chain, ends, days=wish.days, now=now)) is not None:
        say(short)
    _write(cluster, {by_label[label][0]: one for label, one in made.items()}, wish, at=now)
    return made


def _refuse_self_signed(sets: Sets, wish: RenewalWish) -> None:
    alone = self_signed(sets)
    if alone:
        use, shows = (" --use ha", "ha.migrate --plan") if wish.use == "ha" else ("", "credentials.matrix")
        raise Refused(
            f"the certificate of {', '.join(alone)} is self-signed: no CA can renew it",
            remedy=f"fab credentials.create --force{use} makes a new set, which is a change of CA for everybody: "
            f"fab {shows} shows what that means",
        )


def _refuse_others(cluster: Cluster, wish: RenewalWish, sets: Sets, authority: Authority) -> None:
    """Who is left out is named; nobody who was asked for by name may be."""
    issuer = authority.issuer.certificate
    lines = tuple(left_out(wish, cluster, sets, issuer=issuer))
    if lines and (wish.members or not of_issuer(sets, issuer)):
        raise Refused(
            "\n".join((f"nobody was given a leaf of {issuer.subject}:", *lines)),
            remedy="--from-ca DIR names the CA that issued them; without a set here: fab credentials.create --kind ca "
            f"--from-ca {authority.folder} --member NAME",
        )
    for line in lines:
        say(f"left as it is: {line}")


def _write(cluster: Cluster, sets: Sets, wish: RenewalWish, *, at: datetime) -> None:
    """Certificate and key, where they are taken from; the CA files are not touched."""
    folder = cluster.credentials
    contents: dict[Path, bytes] = {}
    for member, one in sets.items():
        paths = set_paths(folder, member, names=wish.names)[1]
        contents |= {paths[name]: one.files()[name] for name in (wish.names.cert, wish.names.key)}
    former = set_aside(contents, below=folder, at=at)
    write(contents, force=True)
    say(f"the former certificates and keys are kept in {former}")
