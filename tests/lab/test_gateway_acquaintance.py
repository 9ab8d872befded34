"""Whom a member counts as disconnected: everybody it met, and everybody whom those know."""

from __future__ import annotations

from tests.lab.gateways import LabCluster, lab_cluster, wait
from tests.lab.pems import Kind, issue


def _expect(cluster: LabCluster, **wanted: tuple[int, int]) -> None:
    def holds() -> bool:
        return {name: cluster[name].counts() for name in wanted} == wanted

    wait(holds, f"counts {wanted}")


def test_members_that_never_met_are_not_counted_and_one_that_crosses_over_tells_of_the_others() -> None:
    leaf = issue(Kind(name="other"))
    with lab_cluster("a", "b", "c", baseline_uids=()) as cluster:
        cluster["c"].place(leaf, ca=leaf.cert_pem)
        for gateway in cluster.gateways.values():
            gateway.start()
        for gateway in cluster.gateways.values():
            gateway.wait_settled()
        _expect(cluster, a=(1, 0), b=(1, 0), c=(0, 0))
        cluster["a"].place(leaf, ca=leaf.cert_pem)
        cluster["a"].restart()
        _expect(cluster, a=(1, 1), b=(0, 1), c=(1, 1))
        listed = cluster["c"].get("monitor/Cluster").body["Cluster"]
        assert {(one["ServerUID"], one["Status"]) for one in listed} == {
            (cluster["a"].uid, "Active"),
            (cluster["b"].uid, "Inactive"),
        }
