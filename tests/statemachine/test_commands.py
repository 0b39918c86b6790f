"""Commands: each kind of log holds its own ones, and each command has a file."""

from dataclasses import fields

import pytest

from streamdyn.model.keys import KeySchema
from streamdyn.model.schema import META_SCHEMA, Schema
from streamdyn.model.tables import CREATING, DELETING, PartitionInfo, Table, encode_table
from streamdyn.statemachine.apply import StateMachine
from streamdyn.statemachine.commands import COMMANDS
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.finish_table import FinishTable
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.dedupe import DedupeWindow
from streamdyn.statemachine.records import Record, RecordBatch
from streamdyn.statemachine.state import State
from streamdyn.wal.formats import FORMATS

ID = bytes(16)
TABLE = Table("T", "t1", "arn", CREATING, 0, KeySchema("k", "S"), (PartitionInfo("p0", "topic0", 0),), {})


@pytest.mark.parametrize(
    ("schema", "command"),
    [
        (Schema(), CreateTable(ID, "T", encode_table(TABLE))),
        (Schema(), FinishTable(ID, "T", "t1", DELETING)),
        (META_SCHEMA, PutItem(ID, b"T", b"{}", 2)),
        (META_SCHEMA, DeleteItem(ID, b"T")),
    ],
)
def test_a_command_that_belongs_into_another_log_does_nothing(schema, command):
    machine = StateMachine(State(), DedupeWindow(), lambda _: None, schema)
    effects = machine.apply(RecordBatch(0, 1, [Record(0, 1_000, (command,))]))
    assert effects.applied[0].outcome.error == "ValidationException"
    assert not effects.rows


def test_the_newest_schema_and_the_commands_are_one_list():
    newest = FORMATS[max(FORMATS)]
    assert newest.fields == {name: tuple(field.name for field in fields(cls)) for name, cls in COMMANDS.items()}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_lies_in_a_file_of_its_name(name):
    module = COMMANDS[name].__module__.rpartition(".")[2]
    assert module.replace("_", "") == name.lower()
