"""REST by `curl`, run on the node: where its sshd forbids forwarding. Secrets on standard input only."""

from __future__ import annotations

import re
import shlex

from tasks.core.answer import clean
from tasks.effects.remote import Completed, Remote
from tasks.effects.rest import (
    LONGEST_ANSWER_BYTES,
    Answer,
    Ask,
    Endpoint,
    RestError,
    read_ca,
)
from tasks.effects.rest_failures import Failures
from tasks.effects.route import ToolMissing

_SLACK_S = 5.0  # for SSH itself, beyond curl's own limit
_END_OF_CA = "END-OF-CA"
_EXIT = re.compile(r"^exit (\d{1,3})\n?\Z", re.MULTILINE)
_PLAIN_ANSWER = re.compile(r"wrong version number|unknown protocol|http request|packet length too long")
_EOF = re.compile(r"unexpected eof|SYSCALL|[Cc]onnection reset|closed abruptly")
_HUNG_UP = (52, 55, 56)  # an empty reply; sending, receiving broke off
_RESOLVE, _REFUSED, _PARTIAL, _TIMEOUT, _TLS, _UNTRUSTED = (5, 6), 7, 18, 28, 35, (51, 58, 60, 77, 83)


class ExecTransport:
    """One curl per exchange, on the node; nothing is kept between them."""

    def __init__(self, endpoint: Endpoint, remote: Remote) -> None:
        self._endpoint = endpoint
        self._remote = remote
        self._ca = read_ca(endpoint)

    def ask(self, ask: Ask) -> Answer:
        """See Transport. The limit is curl's; SSH itself may add 5 s.

        Raises:
            ToolMissing: The node has no curl.
        """
        failures = Failures(self._endpoint, ask, "exec")
        done = self._remote.run(
            ("sh", "-c", curl_script(self._endpoint, self._ca)),
            stdin=curl_config(self._endpoint, ask),
            limit_s=self._endpoint.limit_s + _SLACK_S,
        )
        return _read(done, failures)

    def close(self) -> None:
        """Nothing stays open."""


def curl_script(endpoint: Endpoint, ca: str | None) -> str:
    """The shell text for one exchange; public: URL, headers and body come by standard input.

    Output: the body, cut, then a line with the HTTP status; `exit N` ends the error output.
    The CA arrives by a here-document, so no file stays behind.
    """
    # -q: no .curlrc. --max-time: the whole exchange, dripping bodies too.
    argv = ("curl", "-q", "-sS", "-g", "--noproxy", "*", "--max-time", f"{endpoint.limit_s:g}")
    trust = ("-k",) if not endpoint.admin.verify else ("--cacert", "/dev/fd/3") if ca else ()
    curl = shlex.join((*argv, *trust, "-w", r"\n%{http_code}", "-K", "-"))
    document = f" 3<<'{_END_OF_CA}'\n{ca}\n{_END_OF_CA}\n" if ca else "\n"
    return f'{{ {curl}{document}echo "exit $?" >&2; }} | head -c {LONGEST_ANSWER_BYTES + 100}'


def curl_config(endpoint: Endpoint, ask: Ask) -> bytes:
    """The exchange in curl's config language; holds the password, as part of a header in base64."""
    headers = [f"{name}: {value}" for name, value in endpoint.headers(ask).items()]
    options = [("url", endpoint.url(ask)), ("request", ask.method)]
    options += [("header", header) for header in (*headers, "Expect:")]
    if ask.body:
        options.append(("data-binary", ask.body.decode()))
    return "".join(f"{name} = {_quoted(value)}\n" for name, value in options).encode()


def _quoted(value: str) -> str:
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        value = value.replace(plain, escaped)
    return f'"{value}"'


def _read(done: Completed, failures: Failures) -> Answer:
    """The answer out of what the script wrote. Raises RestError or ToolMissing."""
    ended = _EXIT.search(done.stderr.decode("utf-8", "replace"))
    if ended is None:
        raise failures.garbage(
            f"the node's shell did not run curl (exit {done.exit_status}): {clean(done.error_text)[:200]}",
            remedy="can the SSH user run `sh -c 'curl --version'` there?",
        )
    if len(done.stdout) > LONGEST_ANSWER_BYTES:
        raise failures.too_long()
    if int(ended[1]):
        raise _explained(int(ended[1]), done.error_text.rpartition("exit ")[0], failures)
    body, _, status = done.stdout.rpartition(b"\n")
    if len(status) != 3 or not status.isdigit() or status == b"000":
        raise failures.garbage(f"no HTTP status from curl but {clean(status.decode('latin-1'))[:40]!r}")
    return Answer(int(status), body)


def _explained(code: int, text: str, failures: Failures) -> RestError | ToolMissing:
    says = clean(text)[:200] or f"curl: exit {code}"
    if code in (126, 127):
        return ToolMissing(
            f"curl cannot be run on the node: {says}",
            remedy="install curl there, allow port forwarding in its sshd, or admin.via: direct",
            node=failures.endpoint.node,
        )
    if code == _REFUSED:
        return failures.refused(says)
    if code == _TIMEOUT:
        return failures.timeout()
    if code == _PARTIAL:
        return failures.broken_off(says)
    if code in _UNTRUSTED:
        return failures.not_trusted(says)
    if code == _TLS and _PLAIN_ANSWER.search(says):
        return failures.wrong_scheme()
    if code in _RESOLVE:
        return failures.garbage(
            f"the node cannot resolve the host: {says}", remedy="admin.host in the inventory"
        )
    if code in _HUNG_UP or (code == _TLS and _EOF.search(says)):
        return failures.hung_up(says)
    return failures.garbage(f"no HTTP answer: {says}")
