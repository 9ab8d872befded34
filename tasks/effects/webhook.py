"""Events posted to a URL: verified, not redirected, past no proxy, and never named with what may be a token."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from tasks.core.errors import UsageError
from tasks.core.inventory_notify import is_private
from tasks.core.model import SecretRef
from tasks.core.secret import SecretStr
from tasks.core.wanted_notify import Webhook

Resolve = Callable[[SecretRef], SecretStr]


class Poster:
    """Posts to one webhook.

    Args:
        limit_s: For one post, however slowly the other side drips.
        secrets: Turns a reference into what it stands for, when it is first needed.
    """

    def __init__(self, webhook: Webhook, *, limit_s: float, secrets: Resolve) -> None:
        self._webhook = webhook
        self._limit_s = limit_s
        self._secrets = secrets
        self._late: threading.Thread | None = None

    @property
    def name(self) -> str:
        """For messages: the host, if that is no secret."""
        url = self._webhook.url
        return f"the webhook at {urlsplit(url).hostname}" if isinstance(url, str) else "the webhook"

    def post(self, line: str) -> str:
        """Post one event. Returns "", or why it came to nothing."""
        if self._late is not None and self._late.is_alive():
            return f"{self.name}: the last one has not been answered yet"
        said: list[str] = []
        thread = threading.Thread(target=lambda: said.append(self._tried(line)), daemon=True)
        thread.start()
        thread.join(self._limit_s)
        if not said:
            self._late = thread
            return f"{self.name} has not answered within {self._limit_s:g} s"
        return f"{self.name}{said[0]}" if said[0] else ""

    def _tried(self, line: str) -> str:
        """What is wrong, to be said after the name; texts of exceptions hold the URL, and are not shown."""
        try:
            return self._posted(line)
        except UsageError as error:
            return f": {error.problem}"
        except requests.exceptions.SSLError:
            return ": its certificate is not trusted, or TLS failed"
        except requests.exceptions.Timeout:
            return f" has not answered within {self._limit_s:g} s"
        except requests.exceptions.ConnectionError:
            return " cannot be reached, or hung up"
        except (requests.exceptions.RequestException, HTTPError, OSError, ValueError):
            return ": it cannot be posted to; is its URL right, and are its headers?"

    def _posted(self, line: str) -> str:
        hook = self._webhook
        url = hook.url if isinstance(hook.url, str) else self._secrets(hook.url).get_secret_value()
        headers = {name: self._secrets(ref).get_secret_value() for name, ref in hook.headers}
        if (headers or hook.url is not url) and not is_private(url):
            return ": not posted, because its URL is not https:// and a secret would be sent in clear text"
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc
            answer = session.post(
                url,
                data=line.encode(),
                headers={"Content-Type": "application/json"} | headers,
                timeout=self._limit_s,
                verify=str(hook.ca) if hook.ca else _system_cas(),
                allow_redirects=False,
                stream=True,  # what it says is not read
            )
            answer.close()
        return _refusal(answer.status_code)


def _refusal(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f" answered {status}: redirections are not followed"
    return f" answered {status}"


def _system_cas() -> str | bool:
    """The system's trust store, as for the admin API; where there is none, that of requests."""
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True
