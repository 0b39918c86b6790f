"""The data folder of one node. One process at a time uses it, and two nodes never share it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from streamdyn.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path


class DataDir:
    """The data folder at `path`. Its content:

    ``lock`` | ``node-id`` | ``replicas/PARTITION/`` (RocksDB) | ``checkpoints/PARTITION/OFFSET/`` |
    ``set-aside/PARTITION/`` | ``kafka/`` (the broker of `streamdyn up`).
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(path / "lock")

    def acquire(self) -> None:
        """Create the folder if needed, and lock it until `release` or the end of the process.

        Raises OperatorError if another process has locked it, or it cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise OperatorError(f"another streamdyn uses {self.path}; stop it, or choose another --data-dir") from None
        except OSError as error:
            raise OperatorError(f"cannot write to {self.path} ({error.strerror}); choose another --data-dir") from None

    def release(self) -> None:
        """Unlock the folder."""
        self._lock.release()

    def node_id(self) -> str:
        """The node's id in every log: 12 hexadecimal digits, which the first start chooses at random."""
        path = self.path / "node-id"
        if not path.exists():
            path.write_text(uuid4().hex[:12])
        return path.read_text().strip()

    def checkpoints(self, partition_id: str) -> Path:
        """The folder of a partition's checkpoints."""
        return self.path / "checkpoints" / partition_id

    def set_aside(self, partition_id: str) -> Path:
        """The folder to which a wrong replica is moved for inspection."""
        return self.path / "set-aside" / partition_id

    @property
    def replicas(self) -> Path:
        """The folder of all replicas."""
        return self.path / "replicas"

    def replica(self, partition_id: str) -> Path:
        """The folder of a partition's replica."""
        return self.replicas / partition_id
