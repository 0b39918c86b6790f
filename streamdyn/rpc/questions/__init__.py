"""The questions between nodes: each file has one, with its answer and what the node that is asked does with it."""
