"""The limits and durations that several files share, or that an operator may set.

The end of each name is its unit, and the comment above gives the reason. KB and MB are 1,024 and 1,024² bytes, as in
DynamoDB's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.formats import NEWEST_FORMAT

# --- DynamoDB's own limits (developer guide, "Constraints in Amazon DynamoDB" and "Quotas in Amazon DynamoDB"; those of
# batches and of Scan segments are in the API reference of BatchGetItem, BatchWriteItem and Scan) ---
ITEM_MAX_BYTES = 400 * 1024
PARTITION_KEY_MAX_BYTES = 2048
SORT_KEY_MAX_BYTES = 1024
NESTING_MAX_LEVELS = 32
PAGE_MAX_BYTES = 1024 * 1024
TAGS_MAX = 50
SEGMENTS_MAX = 1_000_000
BATCH_GET_MAX_KEYS = 100
BATCH_GET_MAX_BYTES = 16 * 1024 * 1024
BATCH_WRITE_MAX_ITEMS = 25
REQUEST_MAX_BYTES = 16 * 1024 * 1024

# --- The log ---
# The maximum size of a record's value (Kafka's message.max.bytes and max.message.bytes). An item of 400 KB can be
# several MB of JSON: a NULL element is 2 bytes to DynamoDB, and 14 bytes in JSON.
RECORD_MAX_BYTES = 16 * 1024 * 1024
# The maximum size of one command: the rest of the record is room for the batch around it. Only an item with numbers of
# large exponents is larger, because its JSON has all the zeros.
COMMAND_MAX_BYTES = RECORD_MAX_BYTES - 256 * 1024
# Group commit adds no more commands to a record of this size. A larger record would lengthen the round trip of all its
# commands, without more throughput.
BATCH_TARGET_BYTES = 512 * 1024
BATCH_MAX_COMMANDS = 500
# A fetch takes at most FETCH_MAX_RECORDS records. The reader passes them to the event loop in portions of at most
# FETCH_PORTION_BYTES, which take some ms to apply. Between portions the event loop answers requests, so that a node
# serves while a replica catches up.
FETCH_MAX_RECORDS = 64
FETCH_PORTION_BYTES = 256 * 1024
# The maximum number of portions that wait for the event loop. The reader then waits, which limits the memory.
FETCH_QUEUE_MAX_BATCHES = 4
# How long an append waits for Kafka's confirmation (Kafka's delivery.timeout.ms). After that its outcome is unknown,
# and its commands are appended again under the same ids. The dedupe window makes sure that each is applied once.
APPEND_TIMEOUT_MS = 10_000
# The pause before commands are appended again.
APPEND_RETRY_MS = 100
# How often a node checks that the topics of its partitions still exist and have the same ids.
TOPIC_CHECK_INTERVAL_MS = 15_000

# At its start, a node serves when its replicas have caught up with their logs, or have made no progress for this long.
STALLED_CATCH_UP_S = 10
# How long a node that stops waits until Kafka has its lease releases.
STOP_TIMEOUT_S = 5.0

# How many times a log that seems shorter than its replica is checked, once a second. The checks take longer than a
# leader election of brokers: until that is over, a broker may report an end that is too low.
SHORT_LOG_CHECKS = 10

# --- Answers ---
# AWS SDKs give up on a connection after 60 s. A definite error well before that lets them retry.
REQUEST_TIMEOUT_MS = 20_000
# How often requests are checked for their deadline. They are answered at most this long after it.
EXPIRE_INTERVAL_MS = 500
# The maximum number of writes that wait at one partition. At 12,000 writes/s they are done in under a second.
PARTITION_QUEUE_MAX_COMMANDS = 10_000
# The maximum number of fed batches that wait at one partition: each of its sources has one under way.
PARTITION_QUEUE_MAX_FEEDS = 1_000
# How long CreateTable, DeleteTable and UpdateTable delay their answer until the change is complete, which takes under
# 200 ms as a rule. The waiters of AWS SDKs poll every 20 s: if the table is ready at once, they need not wait.
TABLE_CHANGE_WAIT_MS = 5_000

# --- Leases ---
LEASE_DURATION_MS = 2_000
# A claim for longer is void, so that no node can lock a partition for days.
LEASE_MAX_DURATION_MS = 60_000
# How long other nodes wait before a claim, in % of the lease, and what they add: the rates of two clocks may differ by
# 10 %, and times are rounded to 1 ms.
LEASE_WAIT_PERCENT = 110
LEASE_WAIT_EXTRA_MS = 10
# How long a leader that hands over claims no lease. Its successor needs some ms to claim.
HAND_OVER_MS = 1_000

# --- Between nodes ---
# How often each node pings each other node, and how long it waits for the answer. The sum is shorter than a lease, so
# that a failover takes no longer than the lease.
PING_INTERVAL_MS = 250
PING_TIMEOUT_MS = 1_000
PEER_CONNECT_TIMEOUT_MS = 500
# The maximum size of a message between nodes. A page of 1 MB, as DynamoDB counts it, can be several times as much JSON.
PEER_FRAME_MAX_BYTES = 64 * 1024 * 1024
# A node reports that it cannot append if it has had appends in flight for this long and none has become durable.
APPEND_STALLED_MS = 1_500
# The first and the longest pause before the router asks again for a partition's leader. The longest is about the time
# that a hand-over takes, so that a request does not wait long after the hand-over.
ROUTE_RETRY_MS = 10
ROUTE_RETRY_MAX_MS = 50
# After this time without an answer a node is away, and its replicas move to other nodes (`--away-ms`).
NODE_AWAY_MS = 5 * 60_000
# How often the leader of `meta` checks the nodes and the placement, and each node checks who leads its partitions.
AUTOADMIN_INTERVAL_MS = 1_000
# How many partitions are moved, or handed over to the node that should lead them, in one such check.
MOVES_MAX = 32
# How many nodes hold each partition, where there are as many nodes.
REPLICAS_PER_PARTITION = 3
# A log is trimmed when it has grown by this much. A restart replays about as much at worst, which takes some seconds.
TRIM_BYTES = 256 * 1024 * 1024
# How often a leader checks whether its log is due for trimming, or its replicas for a scrub.
UPKEEP_INTERVAL_MS = 5_000
# The shortest time between two scrubs of a partition.
SCRUB_INTERVAL_MS = 60_000
# How long a node waits until another one has made a checkpoint: it takes seconds to flush a replica. Sending it takes
# longer, but is done in chunks, each with a timeout of its own.
CHECKPOINT_TIMEOUT_MS = 60_000
# A replica that is at most this many records behind the foremost one has caught up.
CAUGHT_UP_RECORDS = 1_000

# --- Retries without double effect ---
# The limits of the dedupe window: the number of commands, their age on the log's clock, and the bytes of their results.
# The first limit that is reached counts. AWS SDKs retry within seconds, and give up within a minute or two.
DEDUPE_MAX_COMMANDS = 100_000
DEDUPE_MAX_AGE_MS = 10 * 60_000
DEDUPE_MAX_RESULT_BYTES = 16 * 1024 * 1024

# --- Storage: RocksDB's block cache and write buffers, shared by all replicas of a node, and one replica's buffer ---
BLOCK_CACHE_BYTES = 64 * 1024 * 1024
WRITE_BUFFERS_BYTES = 256 * 1024 * 1024
WRITE_BUFFER_BYTES = 64 * 1024 * 1024

# --- Tables ---
TABLES_MAX = 2_500  # DynamoDB's default per account and region ("Quotas in Amazon DynamoDB")
PARTITIONS_MAX = 256  # of one table


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings that an operator may choose for one node. `streamdyn node --help` lists the options."""

    cluster: str = "streamdyn"  # prefix of every topic, so that several clusters can share one Kafka
    partitions_per_table: int = 1  # of new tables
    replicas: int = REPLICAS_PER_PARTITION  # how many nodes hold each partition, where there are as many nodes
    lease_duration_ms: int = LEASE_DURATION_MS
    node_away_ms: int = NODE_AWAY_MS
    trim_bytes: int = TRIM_BYTES
    scrub_interval_ms: int = SCRUB_INTERVAL_MS
    # The newest format of logs that the node claims to know. With a lower one, an operator can go back to an older
    # release.
    newest_format: int = NEWEST_FORMAT
    region: str = "us-east-1"  # appears in ARNs only
    # Appears in ARNs. ARNs of other accounts are refused. The account is not 000000000000, as in DynamoDB Local,
    # because tests that are written against DynamoDB use that number for another account.
    account: str = "123456789012"
