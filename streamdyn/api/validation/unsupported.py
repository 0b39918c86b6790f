"""What DynamoDB has and streamdyn has not yet: a request that asks for it is refused, never half obeyed."""

from __future__ import annotations

from typing import Any

from streamdyn.errors import ValidationException

# By operation: the members that a request must not have.
UNSUPPORTED = {
    "CreateTable": frozenset(
        {
            *("VectorIndexes", "ResourcePolicy"),
            *("GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"),
        }
    ),
    "UpdateTable": frozenset(
        {
            *("VectorIndexUpdates", "ReplicaUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates"),
            *("GlobalTableSettingsReplicationMode", "DisassociationProtectionEnabled"),
        }
    ),
}


def refuse_unsupported(operation: str, body: dict[str, Any]) -> None:
    """Raise for the first member of a checked request that asks for something we don't have."""
    members = UNSUPPORTED.get(operation, frozenset())
    if not members.isdisjoint(body):
        raise unsupported_error(next(name for name in body if name in members))


def unsupported_error(name: str) -> ValidationException:
    return ValidationException(f"streamdyn does not support {name} yet")
