"""The single values of an inventory: what each may be, and what to write instead."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path, PurePosixPath

from tasks.core.inventory_faults import shown
from tasks.core.model import CommandSecret, EnvSecret, FileSecret, KeyringSecret, PromptSecret, SecretRef
from tasks.core.nearest import did_you_mean, nearest
from tasks.core.pydantic_compiled import PydanticCustomError

REFUSED = "inventory"  # the type of our own errors among pydantic's; the context has problem and remedy

_LABELS = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?")
_HOP = re.compile(
    r"(?:(?P<user>[^@]*)@)?(?:\[(?P<v6>[^\]]*)\]|(?P<host>[^:\[\]]*))(?::(?P<port>[0-9]{1,5}))?"
)
_LOGIN = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.@\\$+-]{0,127}")
_SECRET_FORMS = "{env: NAME}, {file: PATH}, {command: [PROGRAM, ARGUMENT]}, {keyring: SERVICE/USER} or prompt"
SECRET_KINDS = ("env", "file", "command", "keyring")


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    return PydanticCustomError(REFUSED, "{problem}", {"problem": problem, "remedy": remedy})


def is_host(text: str) -> bool:
    """A host name or an IP address (IPv6 without brackets, a zone allowed)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return bool(_LABELS.fullmatch(text)) and ".." not in text and not re.fullmatch(r"[0-9.]+", text)
    return True


def host(text: str) -> str:
    if is_host(text):
        return text
    if "://" in text:
        raise refusal(
            "must be a host name, not a URL", "only the name; the port goes to ssh.port or admin.port"
        )
    if "@" in text:
        raise refusal("must be a host name, without a user", "put the user into ssh.user")
    if re.fullmatch(r"[^:]+:[0-9]+", text):
        raise refusal("must be a host name, without a port", "put the port into ssh.port")
    raise refusal(
        f"must be a host name or an IP address, got {shown(text)}", "as in `ssh HOST`, e.g. 10.0.1.4"
    )


def ip_literal(text: str) -> str:
    """An IP address as the server takes it: without brackets, and one that stands for one host."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        remedy = "without brackets" if text.startswith("[") else "names are not resolved, e.g. 10.0.1.4"
        raise refusal(f"must be an IP address, got {shown(text)}", remedy) from None
    if address.is_unspecified or address.is_multicast or getattr(address, "scope_id", None):
        raise refusal(f"must be the address of one host, got {shown(text)}", "e.g. 10.0.1.4")
    return str(address)


def gateway(text: str) -> str:
    hops = [_hop(part.strip()) for part in text.split(",")]
    return ",".join(hops)


def _hop(text: str) -> str:
    if ":" in text.rpartition("@")[0]:
        raise refusal("a gateway takes no password", "write user@host, and use a key or the agent for it")
    found = _HOP.fullmatch(text)
    form = "write [user@]host[:port], several hops joined by commas, IPv6 in brackets"
    if found is None or not is_host(found["v6"] or found["host"] or ""):
        raise refusal("a hop of the gateway is not of the form [user@]host[:port]", form)
    if found["user"] is not None and not _LOGIN.fullmatch(found["user"]):
        raise refusal("a user of the gateway is not a login name", form)
    if found["port"] and not 1 <= int(found["port"]) <= 65535:
        raise refusal(f"a port of the gateway must be 1..65535, got {found['port']}", form)
    return text


def login(text: str) -> str:
    if ":" in text:
        raise refusal(
            "must be a user name, without a password", f"give the password beside it: {_SECRET_FORMS}"
        )
    if not _LOGIN.fullmatch(text):
        raise refusal(f"must be a login name, got {shown(text)}", "as in `ssh -l NAME`")
    return text


def account(text: str) -> str:
    if ":" in text:
        raise refusal("must be a user name, without a password", f"give it as password: {_SECRET_FORMS}")
    return words_of(text)


def words_of(text: str) -> str:
    if not text.strip() or text != text.strip() or not text.isprintable():
        raise refusal(f"must be printable text without blanks at its ends, got {shown(text)}", "correct it")
    return text


def messages(count: int) -> int:
    if not 0 <= count <= 10**9:
        raise refusal(f"must be 0..1000000000, got {count}", "write a number of messages, e.g. 100")
    return count


def program_word(text: str) -> str:
    """A unit's or container's name: an argument that cannot be taken for an option."""
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@:\\-]{0,254}", text):
        raise refusal(f"must be a name of letters, digits and _ . @ : -, got {shown(text)}", "correct it")
    return text


def remote_path(value: object) -> PurePosixPath:
    text = _text(value)
    if not text.startswith("/"):
        raise refusal(f"must be an absolute path on the node, got {shown(text)}", "begin it with /")
    path = PurePosixPath(re.sub("/+", "/", words_of(text)))
    if ".." in path.parts or len(path.parts) < 2:
        raise refusal(f"must be a path without .. and not / itself, got {shown(text)}", "write the real path")
    return path


def local_path(value: object) -> Path:
    text = words_of(_text(value))
    if text.startswith("~") and not re.match(r"~(/|$)", text):
        raise refusal(f"~ can only stand for your own home, got {shown(text)}", "write the whole path")
    return Path(text)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refusal(f"must be text, got {shown(value)}", "write a path, in quotes if need be")
    return value


def _argv(value: object, *, words: tuple[str, ...]) -> str | tuple[str, ...]:
    """One of the words, or a command as a list."""
    if isinstance(value, str) and value in words:
        return value
    if isinstance(value, list):
        return arguments(value)
    forms = f"{', '.join(words)} or a list [PROGRAM, ARGUMENT]"
    near = nearest(value, words) if isinstance(value, str) else None
    remedy = f"did you mean `{near}`?" if near else "a command is a list, one item per argument"
    raise refusal(f"must be {forms}, got {shown(value)}", remedy)


def arguments(value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        words = tuple(word for word in value if isinstance(word, str) and "\0" not in word)
        if words and words[0] and len(words) == len(value):
            return words
    raise refusal("must be a list of text, the program first", 'e.g. [systemctl, start, imaserver, "5"]')


def secret_ref(value: object) -> SecretRef:
    """The value is never shown: it may be the secret itself."""
    if value == "prompt":
        return PromptSecret("")
    if not isinstance(value, dict):
        raise refusal("a secret must be a reference, never the value itself", f"write {_SECRET_FORMS}")
    if len(value) != 1 or next(iter(value)) not in SECRET_KINDS:
        near = did_you_mean(str(next(iter(value), "")), SECRET_KINDS) if len(value) == 1 else ""
        raise refusal("a secret must be exactly one reference", near or f"write {_SECRET_FORMS}")
    ((kind, target),) = value.items()
    return _secret_of(kind, target)


def _secret_of(kind: str, target: object) -> SecretRef:
    if kind == "command":
        return CommandSecret(arguments(target))
    if not isinstance(target, str):
        raise refusal(f"the {kind} of a secret must be text", f"write {_SECRET_FORMS}")
    if kind == "file":
        return FileSecret(local_path(target))
    if kind == "env":
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", target):
            raise refusal("{env: NAME} takes the name of a variable", "letters, digits and _; without $")
        return EnvSecret(target)
    service, _, user = target.rpartition("/")
    if not service or not user:
        raise refusal("{keyring: SERVICE/USER} needs both parts", "e.g. {keyring: amlen/ops}")
    return KeyringSecret(service, user)


def restart_word(value: object) -> str | tuple[str, ...]:
    return _argv(value, words=("rest", "systemd", "docker", "podman"))


def start_word(value: object) -> str | tuple[str, ...]:
    return _argv(value, words=("systemd", "docker", "podman"))
