"""What a command is: an entry of a partition's log that says what was asked for, never what came of it.

`apply` decides that, at the command's place in the log, the same way on every replica. Each command has a file in
`statemachine.commands`: its dataclass, whose fields are those of its Avro record in `schemas/`, and its `apply`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from streamdyn.model.schema import LogKind
    from streamdyn.statemachine.outcomes import Outcome
    from streamdyn.statemachine.transition import Transition

COMMAND_ID_BYTES = 16


class Command:
    """`id` is the same for every attempt of one call (16 bytes).

    `LOG` is the kind of log that the command belongs in; None is every log. With `ONCE`, a command whose id is in the
    dedupe window is not applied again, and has the outcome of the first one.

    A command is never changed once it is made. Those of items are not declared frozen all the same: a replay makes
    millions, and that costs a dataclass three times the time to make.
    """

    __slots__ = ()
    LOG: ClassVar[LogKind | None] = None
    ONCE: ClassVar[bool] = True

    id: bytes

    def apply(self, transition: Transition) -> Outcome | None:
        """Carry the command out; None where nobody waits for its outcome.

        Raises ApiError where DynamoDB would refuse, before anything is written, and ValueError, LookupError, TypeError,
        AttributeError or ArithmeticError where a foreign producer's command makes no sense.
        """
        raise NotImplementedError

    def record_bytes(self) -> int:
        """About the bytes that the client's part of the command adds to a record."""
        return 0
