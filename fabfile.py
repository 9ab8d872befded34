"""The namespace: which tasks exist. Everything else lives under `tasks/`.

`python fabfile.py > tasks/options.json` writes down what they take, for the shells' completion.
"""

from __future__ import annotations

import sys

from invoke.collection import Collection

from tasks import startup

startup.begin()

from tasks import (  # noqa: E402
    check,
    cluster,
    completion,
    config,
    credential_views,
    credentials,
    crl,
    doctor,
    ha,
    matrix,
    migrate,
    pages,
    recover,
    rehearse,
    require_certificates,
    restart,
    rollback,
    runs,
    status,
    upgrade,
)
from tasks.words import name_tasks  # noqa: E402

ns = Collection()
ns.add_task(status.status)
ns.add_task(check.check)
ns.add_task(doctor.doctor)
ns.add_task(migrate.plan)
ns.add_task(migrate.migrate_cluster)
ns.add_task(rollback.rollback)
ns.add_task(recover.recover)
ns.add_task(restart.restart)
ns.add_task(restart.restart_standbys)
cluster.ns.add_task(require_certificates.require_certificates)
credentials.ns.add_task(migrate.place)
credentials.ns.add_task(matrix.matrix)
credentials.ns.add_task(credential_views.inspect)
credentials.ns.add_task(credential_views.expiry)
credentials.ns.add_task(crl.crl)
ns.add_task(completion.completion)
ns.add_collection(cluster.ns, name="cluster")
ns.add_collection(credentials.ns, name="credentials")
ns.add_collection(config.ns, name="config")
ns.add_collection(ha.ns, name="ha")
ns.add_collection(rehearse.ns, name="lab")
ns.add_task(rehearse.rehearse)
ns.add_collection(runs.ns, name="runs")
ns.add_collection(upgrade.ns, name="upgrade")
name_tasks(ns)

pages.install()

if __name__ == "__main__":
    sys.stdout.write(completion.options_text(ns))
