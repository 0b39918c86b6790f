"""The questions between nodes. Each file has one question, its answer, and what the node that is asked does for it."""
