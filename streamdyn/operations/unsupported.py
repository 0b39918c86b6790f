"""What DynamoDB has and streamdyn has not yet: a request that asks for it is refused, never half obeyed."""

from __future__ import annotations

from typing import Any

from streamdyn.errors import ValidationException

CONDITIONS = (
    *("ConditionExpression", "Expected", "ConditionalOperator"),
    *("ExpressionAttributeNames", "ExpressionAttributeValues"),
)

# By operation: the members that a request must not have.
UNSUPPORTED = {
    "CreateTable": frozenset(
        {
            *("LocalSecondaryIndexes", "GlobalSecondaryIndexes", "VectorIndexes"),
            *("WarmThroughput", "OnDemandThroughput", "ResourcePolicy"),
            *("GlobalTableSourceArn", "GlobalTableSettingsReplicationMode"),
        }
    ),
    "UpdateTable": frozenset(
        {
            *("GlobalSecondaryIndexUpdates", "VectorIndexUpdates", "WarmThroughput", "OnDemandThroughput"),
            *("StreamSpecification", "SSESpecification"),
            *("ReplicaUpdates", "MultiRegionConsistency", "GlobalTableWitnessUpdates"),
            *("GlobalTableSettingsReplicationMode", "DisassociationProtectionEnabled"),
        }
    ),
    "PutItem": frozenset(CONDITIONS),
    "DeleteItem": frozenset(CONDITIONS),
}

# Members that may be there to say "no"; it is these members of theirs that ask for something.
SWITCHES = {
    "StreamSpecification": ("StreamEnabled", "StreamViewType"),
    "SSESpecification": ("Enabled", "SSEType", "KMSMasterKeyId"),
}


def refuse_unsupported(operation: str, body: dict[str, Any]) -> None:
    """Raise for the first member of a checked request that asks for something we don't have."""
    members = UNSUPPORTED.get(operation, frozenset())
    if not members.isdisjoint(body):
        raise _unsupported(next(name for name in body if name in members))
    for name in SWITCHES.keys() & body.keys():
        if any(body[name].get(switch) for switch in SWITCHES[name]):
            raise _unsupported(name)


def _unsupported(name: str) -> ValidationException:
    return ValidationException(f"streamdyn does not support {name} yet")
