"""Every command's class, under one name for the scripts."""

from streamdyn.expressions.source import Expression
from streamdyn.model.positions import START, Position
from streamdyn.statemachine.command import COMMAND_ID_BYTES, Command
from streamdyn.statemachine.commands.create_table import CreateTable
from streamdyn.statemachine.commands.delete_item import DeleteItem
from streamdyn.statemachine.commands.delete_table import DeleteTable
from streamdyn.statemachine.commands.finish_table import FinishTable
from streamdyn.statemachine.commands.lease_claim import LeaseClaim
from streamdyn.statemachine.commands.lease_release import LeaseRelease
from streamdyn.statemachine.commands.lease_renew import LeaseRenew
from streamdyn.statemachine.commands.place_replicas import PlaceReplicas
from streamdyn.statemachine.commands.put_item import PutItem
from streamdyn.statemachine.commands.register_node import RegisterNode
from streamdyn.statemachine.commands.scrub import Scrub
from streamdyn.statemachine.commands.set_format import SetFormat
from streamdyn.statemachine.commands.set_node_status import SetNodeStatus
from streamdyn.statemachine.commands.set_schema import SetSchema
from streamdyn.statemachine.commands.set_time_to_live import SetTimeToLive
from streamdyn.statemachine.commands.tag_table import TagTable
from streamdyn.statemachine.commands.update_item import UpdateItem
from streamdyn.statemachine.commands.update_table import UpdateTable
from streamdyn.statemachine.lease_command import LeaseCommand

__all__ = [
    "COMMAND_ID_BYTES",
    "START",
    "Command",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "Expression",
    "FinishTable",
    "LeaseClaim",
    "LeaseCommand",
    "LeaseRelease",
    "LeaseRenew",
    "PlaceReplicas",
    "Position",
    "PutItem",
    "RegisterNode",
    "Scrub",
    "SetFormat",
    "SetNodeStatus",
    "SetSchema",
    "SetTimeToLive",
    "TagTable",
    "UpdateItem",
    "UpdateTable",
]
