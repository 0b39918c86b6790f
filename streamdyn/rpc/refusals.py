"""An exception on its way to another node: what it is there is raised again here."""

from __future__ import annotations

from streamdyn import errors
from streamdyn.errors import ApiError, NotLeader, OutOfService, PartitionError, Unreachable
from streamdyn.rpc.messages import Refused

DEFECT = "a defect of streamdyn"


def to_refusal(error: Exception) -> Refused:
    """The refusal that tells of an error. One that nobody has foreseen is a defect, and retryable."""
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
    """Whether an error is one of those that nodes refuse questions with."""
    return isinstance(error, NotLeader | Unreachable | PartitionError | ApiError)


def to_error(refused: Refused) -> Exception:
    """The error that a refusal tells of, to be raised. A type that this version does not know is retryable."""
    if refused.kind == NotLeader.__name__:
        return NotLeader(refused.text)
    kind: type[ApiError] = getattr(errors, refused.kind, errors.InternalServerError)
    return kind(refused.text)
