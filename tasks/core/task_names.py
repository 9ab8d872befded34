"""What the operator types to go on with a run, or to give it up: `fab TASK --resume`."""

from __future__ import annotations

MIGRATE = "migrate-cluster"
ROLLBACK = "rollback"
PLACED = "credentials.place"  # a migration, as far as nothing that is in use changes
RECOVER = "recover"  # what the operator types, and how a lock of it begins
