"""What a gateway was asked to change is on record; a password in it is not."""

from __future__ import annotations

from pathlib import Path

from tasks.lab.requests import FILE, Requests, posted


def test_every_request_is_on_record_in_its_order_with_its_json_types(tmp_path: Path) -> None:
    assert posted(tmp_path) == ()
    requests = Requests(tmp_path / FILE)
    requests.note("/ima/v1/configuration", b'{"ClusterMembership": {"RequireCertificates": true}}')
    requests.note("/ima/v1/service/restart", b"no JSON")
    first, second = posted(tmp_path)
    assert first["body"]["ClusterMembership"]["RequireCertificates"] is True
    assert (second["path"], second["body"]) == ("/ima/v1/service/restart", None)


def test_a_password_is_never_on_record(tmp_path: Path) -> None:
    Requests(tmp_path / FILE).note(
        "/ima/v1/configuration", b'{"AdminUserPassword": "s3cret", "a": [{"Password": "s3cret"}]}'
    )
    assert "s3cret" not in (tmp_path / FILE).read_text()
    assert posted(tmp_path)[0]["body"] == {"AdminUserPassword": "***", "a": [{"Password": "***"}]}
