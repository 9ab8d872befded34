"""Events posted to a URL: as they are, verified, and no secret in any message."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tasks.core.errors import UsageError
from tasks.core.model import EnvSecret, SecretRef
from tasks.core.secret import SecretStr
from tasks.core.wanted_notify import Webhook
from tasks.effects.webhook import Poster, Resolve
from tests.effects.posts import Web, web

LINE = '{"event": "done"}'
REF = EnvSecret("HOOK_URL")


@pytest.fixture
def site() -> Iterator[Web]:
    with web() as state:
        yield state


def secrets(**known: str) -> Resolve:
    def resolve(ref: SecretRef) -> SecretStr:
        assert isinstance(ref, EnvSecret)
        if ref.variable not in known:
            raise UsageError(f"the variable {ref.variable}, wanted for a secret, is not set", remedy="-")
        return SecretStr(known[ref.variable])

    return resolve


def posted(hook: Webhook, *, limit_s: float = 20.0, **known: str) -> str:
    return Poster(hook, limit_s=limit_s, secrets=secrets(**known)).post(LINE)


def test_the_event_is_posted_as_json_with_the_headers(site: Web) -> None:
    assert posted(Webhook(site.url, headers=(("X-Token", EnvSecret("T")),)), T="s3cret") == ""
    (post,) = site.posts
    assert (post.path, post.body) == ("/hook/t0ken", LINE)
    assert (post.headers["Content-Type"], post.headers["X-Token"]) == ("application/json", "s3cret")


def test_the_url_may_be_a_secret_itself(site: Web) -> None:
    assert posted(Webhook(REF), HOOK_URL=site.url) == ""
    assert len(site.posts) == 1


@pytest.mark.parametrize("status", [404, 500, 302])
def test_what_it_answers_is_said_and_not_where_it_is(site: Web, status: int) -> None:
    site.status, site.location = status, site.url
    said = posted(Webhook(REF), HOOK_URL=site.url)
    assert said.startswith(f"the webhook answered {status}")
    assert "t0ken" not in said
    assert len(site.posts) == 1  # a redirection is not followed, nor is anything repeated
    assert posted(Webhook(site.url)).startswith(f"the webhook at 127.0.0.1 answered {status}")


def test_nobody_listens(site: Web) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/t0ken"
        assert posted(Webhook(REF), HOOK_URL=url) == "the webhook cannot be reached, or hung up"


def test_one_that_hangs_is_given_up(site: Web) -> None:
    site.hangs = True
    assert posted(Webhook(site.url), limit_s=0.2) == "the webhook at 127.0.0.1 has not answered within 0.2 s"


def drip(server: socket.socket, over: threading.Event) -> None:
    """A header line that never ends, a byte in less time than any limit of a socket."""
    taken, _ = server.accept()
    with taken:
        taken.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.02):
            taken.sendall(b"a")


def test_one_that_drips_is_given_up_too_and_the_next_is_not_tried_meanwhile() -> None:
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip, args=(server, over))
        dripping.start()
        hook = Webhook(f"http://127.0.0.1:{server.getsockname()[1]}/t0ken")
        poster = Poster(hook, limit_s=0.3, secrets=secrets())
        assert poster.post(LINE) == "the webhook at 127.0.0.1 has not answered within 0.3 s"
        assert poster.post(LINE) == "the webhook at 127.0.0.1: the last one has not been answered yet"
        over.set()
        dripping.join()


@pytest.mark.parametrize("url", ["nonsense", "http://", "ftp://h/x", "http://127.0.0.1:x/", "http://[::/"])
def test_a_secret_that_is_no_url_is_said_without_it(url: str) -> None:
    said = posted(Webhook(REF), HOOK_URL=url + "t0ken")
    assert said.startswith("the webhook")
    assert "t0ken" not in said


def test_a_secret_that_is_not_there_is_named_by_its_reference() -> None:
    assert posted(Webhook(REF)) == "the webhook: the variable HOOK_URL, wanted for a secret, is not set"


def test_no_secret_goes_over_the_network_in_clear_text() -> None:
    said = posted(Webhook(REF), HOOK_URL="http://hooks.invalid/t0ken")
    assert (
        said
        == "the webhook: not posted, because its URL is not https:// and a secret would be sent in clear text"
    )


def test_a_proxy_of_the_environment_is_not_used(site: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert posted(Webhook(site.url)) == ""


def test_its_certificate_is_verified(tmp_path: Path) -> None:
    ours, other = trustme.CA(), trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.issue_cert("127.0.0.1").configure_cert(context)
    for ca, name in ((ours, "ours.pem"), (other, "other.pem")):
        ca.cert_pem.write_to_path(str(tmp_path / name))
    with web(context) as state:
        url = state.url.replace("http:", "https:")
        assert posted(Webhook(REF, ca=tmp_path / "ours.pem"), HOOK_URL=url) == ""
        refused = "the webhook: its certificate is not trusted, or TLS failed"
        assert posted(Webhook(REF, ca=tmp_path / "other.pem"), HOOK_URL=url) == refused
        assert posted(Webhook(REF), HOOK_URL=url) == refused  # by the system's trust store
        assert len(state.posts) == 1
        assert "cannot be posted to" in posted(Webhook(REF, ca=tmp_path / "absent.pem"), HOOK_URL=url)
