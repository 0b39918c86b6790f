"""Refuses requests for features of DynamoDB that streamdyn does not have yet. A request is never partly fulfilled."""

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
    """Raise ValidationException for the first member of a checked request that streamdyn does not support."""
    members = UNSUPPORTED.get(operation, frozenset())
    if not members.isdisjoint(body):
        raise unsupported_error(next(name for name in body if name in members))


def unsupported_error(name: str) -> ValidationException:
    """The error for a feature or member that streamdyn does not support."""
    return ValidationException(f"streamdyn does not support {name} yet")
