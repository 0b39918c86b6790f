"""A DynamoDB you run yourself, whose storage engine is a Kafka log. The way through the code:

A write, from the client's socket and back::

    gateway.app           an HTTP request is a call: its name, its members, and an id that all retries share
    operations.put_item   checks the item as DynamoDB does, makes the command, and in the end the answer
    cluster.session       finds the partition that owns the key's hash
    cluster.router        finds its leader: this node, or another one that is asked (cluster.messages, cluster.peers)
    cluster.partition     hands the command to the appender: all that waits travels in one record (group commit)
    codec, log.kafka      Avro, and an append that all in-sync brokers have taken
    replica.materializer  the delivery report comes back through a Faust agent, in the log's order
    core.apply            decides what the command does, at its place in the log, on every replica alike
    replica.rocks         rows, offset, lease, results and checksum in one atomic batch
    cluster.partition     the node was the lease holder at that place: the client may know

A strongly consistent read: `operations.get_item`, `cluster.router`, `cluster.partition`: the replica's row, and then
one look at the lease (`core.lease`), without asking anyone; on a node that does not lead, two small questions to the
leader (`cluster.follower_reads`). A table is a row in a log of its own (`core.tables`), and `cluster.autoadmin` does
what that row asks for, and places the replicas (`core.placement`). `cluster.node` puts it all together.

Imports point one way: core <- operations <- log, replica, broker <- cluster <- gateway <- cli.
"""
