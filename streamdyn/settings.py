"""Every limit and duration in one place: its unit is the end of its name, its reason the comment."""

from __future__ import annotations

from dataclasses import dataclass

from streamdyn.formats import NEWEST_FORMAT

# --- DynamoDB's own limits ("Quotas in Amazon DynamoDB", developer guide) ---
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
# An item of 400 KB can be some MB of JSON (a NULL element is 2 bytes to DynamoDB and 14 in JSON).
RECORD_MAX_BYTES = 16 * 1024 * 1024
# One command's part of it, so that there is room for what is around it. Only numbers with great exponents, which JSON
# writes out, make more of an item.
COMMAND_MAX_BYTES = RECORD_MAX_BYTES - 256 * 1024
# Group commit stops adding to a record here: more would lengthen every waiter's round trip for no more throughput.
BATCH_TARGET_BYTES = 512 * 1024
BATCH_MAX_COMMANDS = 500
# One fetch takes at most this many records, and hands them over in portions of so many bytes, between which the event
# loop does other things: requests are answered while a replica catches up. To apply a portion takes some ms.
FETCH_MAX_RECORDS = 64
FETCH_PORTION_BYTES = 256 * 1024
# Batches that wait for the event loop. The reader stops fetching beyond it: memory, not speed, is the limit.
FETCH_QUEUE_MAX_BATCHES = 4
# An append whose outcome Kafka has not told by then counts as unknown; its commands are appended again under the
# same ids, of which the log keeps the first.
APPEND_TIMEOUT_MS = 10_000
# Pause before commands are appended again.
APPEND_RETRY_MS = 100
# The topics of deleted or recreated logs are noticed at least this often.
TOPIC_CHECK_INTERVAL_MS = 15_000

# At the start, replicas catch up with their logs before the node serves, as long as that goes on within this time.
STALLED_CATCH_UP_S = 10
# A node that stops waits this long for Kafka to take its leases back.
STOP_TIMEOUT_S = 5.0

# A log that seems shorter than its replica is looked at so often, once a second: for longer than brokers take to elect.
SHORT_LOG_CHECKS = 10

# --- Answers ---
# AWS SDKs give up on a connection after 60 s: a definite error well before that lets them retry.
REQUEST_TIMEOUT_MS = 20_000
# Requests whose time is up are answered at most so much later.
EXPIRE_INTERVAL_MS = 500
# Writes that wait at one partition. At 12,000 writes/s the queue drains in under a second.
PARTITION_QUEUE_MAX_COMMANDS = 10_000
# How long CreateTable, DeleteTable and UpdateTable hold their answer for the change to finish (it takes well under
# 200 ms): waiters of AWS SDKs poll every 20 s, and a table that is there on return spares them the first of those.
TABLE_CHANGE_WAIT_MS = 5_000

# --- Leases ---
LEASE_DURATION_MS = 2_000
# A claim for longer is void: nobody can lock a partition for days.
LEASE_MAX_DURATION_MS = 60_000
# Others wait this much longer than the lease: clocks may run apart by 10 %, and times are rounded to 1 ms.
LEASE_WAIT_PERCENT = 110
LEASE_WAIT_EXTRA_MS = 10
# A leader that hands over claims no lease again for so long: its successor takes some ms.
HAND_OVER_MS = 1_000

# --- Between nodes ---
# Every node asks every other one so often, and takes it for gone when it has not answered for so long: well within
# the lease, so that the wait for that is the only one after a node's end.
PING_INTERVAL_MS = 250
PING_TIMEOUT_MS = 1_000
PEER_CONNECT_TIMEOUT_MS = 500
# A page of 1 MB of items as DynamoDB counts them can be several times as much JSON.
PEER_FRAME_MAX_BYTES = 64 * 1024 * 1024
# A node that says of itself that it cannot append: its oldest append in flight is older, and none came back since.
APPEND_STALLED_MS = 1_500
# After a question that the right node did not get, the next one waits, and longer each time; not much longer than a
# hand-over takes, which would else be over long before whoever waits for it asks again.
ROUTE_RETRY_MS = 10
ROUTE_RETRY_MAX_MS = 50
# A node that has been away for so long loses its replicas to others (`--away-ms`).
NODE_AWAY_MS = 5 * 60_000
# The leader of `meta` looks at the nodes and the placement so often, and each node at the leaders of its partitions.
AUTOADMIN_INTERVAL_MS = 1_000
# So many partitions are moved, or handed over to the node that should lead them, at a time.
MOVES_MAX = 32
REPLICAS_PER_PARTITION = 3
# A log is trimmed when it has grown by so much: a restart replays about as much at worst, in some seconds.
TRIM_BYTES = 256 * 1024 * 1024
# Leaders look so often whether a log is to be trimmed, or its replicas compared, which they are at most so often.
UPKEEP_INTERVAL_MS = 5_000
SCRUB_INTERVAL_MS = 60_000
# To make a checkpoint, flush it, or read through a replica, takes seconds; to send one, longer, but by chunks.
CHECKPOINT_TIMEOUT_MS = 60_000
# A replica this close to its leader has caught up: it has all but what is on its way.
CAUGHT_UP_RECORDS = 1_000

# --- Retries without double effect ---
# The results of this many commands are kept by id, for this long on the log's clock, up to this many bytes of results:
# whichever comes first. SDKs retry within seconds, and give up within a minute or two.
DEDUPE_MAX_COMMANDS = 100_000
DEDUPE_MAX_AGE_MS = 10 * 60_000
DEDUPE_MAX_RESULT_BYTES = 16 * 1024 * 1024

# --- Storage, shared by all replicas of a node ---
BLOCK_CACHE_BYTES = 64 * 1024 * 1024
WRITE_BUFFERS_BYTES = 256 * 1024 * 1024
WRITE_BUFFER_BYTES = 64 * 1024 * 1024

# --- Tables ---
TABLES_MAX = 2_500
PARTITIONS_MAX = 256


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may choose for one node."""

    cluster: str = "streamdyn"  # prefix of every topic, so that several clusters can share one Kafka
    partitions_per_table: int = 1
    replicas: int = REPLICAS_PER_PARTITION  # nodes that hold each partition, where there are as many
    lease_duration_ms: int = LEASE_DURATION_MS
    node_away_ms: int = NODE_AWAY_MS
    trim_bytes: int = TRIM_BYTES
    scrub_interval_ms: int = SCRUB_INTERVAL_MS
    # The newest format of logs that the node says it knows. A lower number keeps the way back to an older release open.
    newest_format: int = NEWEST_FORMAT
    region: str = "us-east-1"  # appears in ARNs only
    # Appears in ARNs, of which those of other accounts are refused. Not the zeros of DynamoDB Local: tests that were
    # written against DynamoDB use them for an account that is not the caller's.
    account: str = "123456789012"
