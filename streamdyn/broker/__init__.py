"""An Apache Kafka for `streamdyn up`: fetched once, run as processes of its own, and stopped with its parent."""
