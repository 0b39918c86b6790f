"""A DynamoDB you run yourself, whose storage engine is a Kafka log. The way through the code:

A write, from the client's socket and back::

    api.app                     an HTTP request is a call: its name, its members, and an id that all retries share
    api.operations.put_item     checks the item as DynamoDB does, makes the command, and in the end the answer
    routing.session             finds the partition that owns the key's hash
    routing.router              finds its leader, and asks the replica there: `partition.local_replica`, or `rpc`
    partition.partition         hands the command to the appender: all that waits travels in one record (group commit)
    wal.codec, kafka.log        Avro, and an append that all in-sync brokers have taken
    node.materializer           the delivery report comes back through a Faust agent, in the log's order
    statemachine.apply          decides what the command does, at its place in the log, on every replica alike
    storage.rocks               rows, offset, lease, results and checksum in one atomic batch
    partition.partition         the node was the lease holder at that place: the client may know

A strongly consistent read: `api.operations.get_item`, `routing.router`, `partition.reads`: the replica's row, and
then one look at the lease (`statemachine.lease`), without asking anyone; on a node that does not lead, two small
questions to the leader (`partition.follower_reads`). A table is a row in a log of its own (`model.tables`), and
`control.autoadmin` does what that row asks for, and places the replicas (`control.placement`). `node.node` puts it all
together.

Imports point one way: model <- expressions <- statemachine <- wal <- storage, kafka <- partition <- rpc <- routing <-
control <- node <- api <- cli.
"""
