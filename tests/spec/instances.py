"""What TLC searches: instances of the specification that together let everything happen, and each rule's mutant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instance:
    """What happens in it (`With`), and its bounds: replicas lag `lag` records at most, and `flights` lease records are on
    their way at once; a lease is `lease` ticks long. Time, restarts and the log have no bound.
    """

    happens: tuple[str, ...]
    nodes: int = 2
    lease: int = 1
    lag: int = 2
    flights: int = 1


LEASE, FOLLOWER, BARRIER, POSITION = "lease reads", "follower reads", "barriers", "positions"
RELEASE, RETRY, CRASH, ANEW, CHECKPOINT = "releases", "retries", "crashes", "made anew", "checkpoints"
EVERYTHING = (LEASE, FOLLOWER, BARRIER, POSITION, RELEASE, RETRY, CRASH, ANEW, CHECKPOINT)

# Each of them is searched to its end.
INSTANCES = {
    "leases": Instance((LEASE, RELEASE), lag=3, flights=2),
    "longer leases": Instance((LEASE, RELEASE), lease=3, lag=2),
    "followers": Instance((LEASE, FOLLOWER, RELEASE)),
    "barriers": Instance((LEASE, BARRIER, RELEASE)),
    "crashes": Instance((LEASE, CRASH)),
    "made anew": Instance((LEASE, ANEW)),
    "disks": Instance((POSITION, RETRY, CRASH, ANEW, CHECKPOINT), nodes=3, lag=3),
    "three nodes": Instance((LEASE,), nodes=3),
}
LARGE = {
    "all reads": Instance((LEASE, FOLLOWER, BARRIER, POSITION, RELEASE, RETRY), flights=2),
    "everything": Instance(EVERYTHING, lag=1),
}

# Each rule of `Partition.tla` and the instance in which its mutant breaks a promise.
RULES = {
    "compare-and-set": "leases",
    "counted from before sending": "leases",
    "strictly longer wait": "leases",
    "wait before the first acknowledgement": "leases",
    "acknowledged by the holder only": "leases",
    "release stops serving": "leases",
    "lease checked after the read": "leases",
    "read under the present epoch": "leases",
    "first follower message": "followers",
    "second follower message": "followers",
    "barrier as an append": "barriers",
    "former life": "crashes",
    "one id for one record": "made anew",
    "offset and rows in one batch": "crashes",
    "dedupe window": "disks",
    "dedupe window on the disk": "disks",
    "trim behind checkpoints": "disks",
    "checkpoints of two nodes": "disks",
    "wait for the position": "disks",
    "wait again for the position": "disks",
}
