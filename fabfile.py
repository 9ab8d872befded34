"""The namespace: which tasks exist. Everything else lives under `tasks/`."""

from __future__ import annotations

from invoke.collection import Collection

from tasks import check, credentials, migrate, rehearse, status

ns = Collection()
ns.add_task(status.status)
ns.add_task(check.check)
ns.add_task(migrate.plan)
ns.add_task(migrate.migrate_cluster)
ns.add_collection(credentials.ns, name="credentials")
ns.add_collection(rehearse.ns, name="lab")
ns.add_task(rehearse.rehearse)
