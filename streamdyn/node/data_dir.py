"""The folder that holds one node's state: taken by one process at a time, and never shared by two nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path


class DataDir:
    """``lock`` | ``node-id`` | ``replicas/PARTITION/`` (RocksDB) | ``checkpoints/PARTITION/OFFSET/`` |
    ``set-aside/PARTITION/`` | ``kafka/`` (the broker of `streamdyn up`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / "lock")

    def acquire(self) -> None:
        """Hold the folder until `release` or the end of the process. Raises OperatorError if that cannot be."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise OperatorError(f"another streamdyn uses {self.path}; stop it, or choose another --data-dir") from None
        except OSError as error:
            raise OperatorError(f"cannot write to {self.path} ({error.strerror}); choose another --data-dir") from None

    def release(self) -> None:
        self._lock.release()

    def node_id(self) -> str:
        """The name this folder's node has in every log; made at the first start."""
        path = self.path / "node-id"
        if not path.exists():
            path.write_text(uuid4().hex[:12])
        return path.read_text().strip()

    def checkpoints(self, partition_id: str) -> Path:
        return self.path / "checkpoints" / partition_id

    def set_aside(self, partition_id: str) -> Path:
        """Where a replica goes that is found to be wrong, for somebody to look at."""
        return self.path / "set-aside" / partition_id

    @property
    def replicas(self) -> Path:
        return self.path / "replicas"

    def replica(self, partition_id: str) -> Path:
        return self.replicas / partition_id
