"""`fab credentials.inspect` and `fab credentials.expiry`: what there is, and when it ends; change nothing."""

from __future__ import annotations

from invoke.context import Context

from tasks.boundary import opened, operator_task

INSPECT = {
    "path": "a file or folder of certificates, requests, revocation lists, keys; needs no inventory",
    "nodes": "the files on the nodes: owner, mode, SELinux label, readable by the service user",
    "served": "what the processes serve, and whose clients they accept",
}
EXPIRY = {
    "warn": "WARNING where fewer days than this are left",
    "crit": "CRITICAL where fewer days than this are left",
    "nagios": "as a monitoring plugin: status line, perfdata, exit codes 0 to 3",
    "prometheus": "for the textfile collector of node_exporter",
    "output": "with --prometheus: into this file, by a rename",
}


@operator_task(positional=["path"], help=INSPECT)
def inspect(
    c: Context,
    path: str = "",
    inventory: str = "",
    cluster: str = "",
    nodes: bool = False,
    served: bool = False,
    json: bool = False,
) -> None:
    """Show certificates and their chains: of PATH; else here, on the nodes and served, compared."""
    from tasks.effects.inspecting import inspect_cluster, inspect_path, refuse_both

    refuse_both(path, flags=nodes or served)
    if path:
        inspect_path(path, json_wanted=json)
        return
    with opened(inventory, cluster) as site:
        inspect_cluster(site, nodes=nodes, served=served, json_wanted=json)


@operator_task(help=EXPIRY)
def expiry(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    warn: str = "30",
    crit: str = "7",
    json: bool = False,
    nagios: bool = False,
    prometheus: bool = False,
    output: str = "",
) -> int:
    """Show what ends when: served, on disk, here; revocation lists, too. Exit 6 if critical or not seen.

    A warning is exit 0, as in `fab status`.
    """
    from tasks.effects.expiring import show_expiry, wanted

    asked = wanted(warn, crit, output, json=json, nagios=nagios, prometheus=prometheus)
    with opened(inventory, cluster) as site:
        return show_expiry(site, asked)
