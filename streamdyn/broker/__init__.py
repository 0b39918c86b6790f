"""A real Apache Kafka for `streamdyn up`: fetched once, run as processes of their own, stopped with their parent."""
