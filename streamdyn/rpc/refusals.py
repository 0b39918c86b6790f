"""The conversion of exceptions to refusals, and back: an error on one node is raised again on the node that asked."""

from __future__ import annotations

from streamdyn import errors
from streamdyn.errors import ApiError, NotLeader, OutOfService, PartitionError, Unreachable
from streamdyn.rpc.messages import Refused

DEFECT = "a defect of streamdyn"


def to_refusal(error: Exception) -> Refused:
    """The refusal for an exception. An unexpected one is a defect of streamdyn, and becomes InternalServerError."""
    if isinstance(error, NotLeader):
        return Refused(NotLeader.__name__, error.node)
    if isinstance(error, Unreachable):
        return Refused(NotLeader.__name__, None)
    if isinstance(error, PartitionError):
        return Refused(OutOfService.__name__, str(error))
    if isinstance(error, ApiError):
        return Refused(type(error).__name__, error.message)
    return Refused("InternalServerError", f"{DEFECT} ({error!r}); please report it")


def is_expected(error: Exception) -> bool:
    """Whether nodes refuse questions with exceptions of this type. All others are defects."""
    return isinstance(error, NotLeader | Unreachable | PartitionError | ApiError)


def to_error(refused: Refused) -> Exception:
    """The exception for a refusal. A type that this version does not know becomes InternalServerError."""
    if refused.kind == NotLeader.__name__:
        return NotLeader(refused.text)
    kind: type[ApiError] = getattr(errors, refused.kind, errors.InternalServerError)
    return kind(refused.text)
