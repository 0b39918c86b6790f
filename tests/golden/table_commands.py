"""Short ways to say the commands about a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tests.golden.drafting import Draft, c, metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

Changes = dict[str, Any]

ON_DEMAND = {"BillingMode": "PAY_PER_REQUEST"}
INFREQUENT = {"TableClass": "STANDARD_INFREQUENT_ACCESS"}
REPLICAS = (("node-a", "node-b", "node-c"), ("node-b", "node-c", "node-a"))


def units(read: int, write: int) -> Changes:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def provisioned(read: int, write: int) -> Changes:
    return {"ProvisionedThroughput": units(read, write)}


def warm(**members: int) -> Changes:
    return {"WarmThroughput": {f"{name}UnitsPerSecond": units for name, units in members.items()}}


class Commands:
    """The commands about one table of a log."""

    def __init__(self, draft: Draft, name: str, table_id: str = "id-1") -> None:
        self.draft, self.name, self.table_id = draft, name, table_id

    def create(self, **settings: Any) -> c.CreateTable:
        return self.create_as(metadata(self.name, self.table_id, **settings))

    def create_as(self, table: bytes) -> c.CreateTable:
        return c.CreateTable(self.draft.id(), self.name, table)

    def update(self, *changes: Changes) -> c.UpdateTable:
        merged = {member: value for change in changes for member, value in change.items()}
        return self.update_as(orjson.dumps(merged))

    def update_as(self, changes: bytes) -> c.UpdateTable:
        return c.UpdateTable(self.draft.id(), self.name, changes)

    def delete(self) -> c.DeleteTable:
        return c.DeleteTable(self.draft.id(), self.name)

    def tag(self, added: dict[str, str], *removed: str) -> c.TagTable:
        return c.TagTable(self.draft.id(), self.name, added, removed)

    def expire(self, attribute: str, *, enabled: bool = True) -> c.SetTimeToLive:
        return c.SetTimeToLive(self.draft.id(), self.name, attribute, enabled)

    def finish(
        self, status: str, topics: Sequence[str] = (), replicas: Sequence[tuple[str, ...]] = (), table_id: str = ""
    ) -> c.FinishTable:
        id_ = table_id or self.table_id
        return c.FinishTable(self.draft.id(), self.name, id_, status, tuple(topics), tuple(replicas))

    def made(self) -> c.FinishTable:
        return self.finish("CREATING", ("topic-0", "topic-1"), REPLICAS)

    def changed(self) -> c.FinishTable:
        return self.finish("UPDATING")

    def removed(self) -> c.FinishTable:
        return self.finish("DELETING")

    def place(self, partition: str, before: tuple[str, ...], replicas: tuple[str, ...]) -> c.PlaceReplicas:
        return c.PlaceReplicas(self.draft.id(), self.name, partition, before, replicas)

    def in_any_status(self) -> list[c.Command]:
        """One of each kind that a status can forbid."""
        return [
            self.create(),
            self.update(provisioned(9, 9)),
            self.update(ON_DEMAND),
            self.update(INFREQUENT),
            self.update({"OnDemandThroughput": {"MaxReadRequestUnits": 5}}),
            self.update({"DeletionProtectionEnabled": False}),
            self.update({}),
            self.tag({"status": "any"}),
            self.tag({}, "status"),
            self.expire("other"),
            self.expire("other", enabled=False),
            self.finish("ACTIVE"),
            self.finish("UNKNOWN"),
            self.place(f"{self.name}.{self.table_id}.0", ("nobody",), ("somebody",)),
        ]
