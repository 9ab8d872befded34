"""ClusterName as the server takes it."""

from __future__ import annotations

import pytest

from tasks.core.checks_wanted import cluster_name


@pytest.mark.parametrize("name", ["MyCluster", "a b", "c" * 256, "Größe", "_x", "x-1.y:z"])
def test_a_name_that_the_server_takes(name: str) -> None:
    assert list(cluster_name(name)) == []


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\\b", "a/b", "a=b", "a\x1fb", "c" * 257])
def test_a_name_that_it_refuses(name: str) -> None:
    assert [finding.name for finding in cluster_name(name)] == ["cluster-name-invalid"]


@pytest.mark.parametrize("name", ["1st", "#x", "-x", "@x"])
def test_a_name_that_the_documentation_alone_refuses(name: str) -> None:
    assert [finding.name for finding in cluster_name(name)] == ["cluster-name-first"]
