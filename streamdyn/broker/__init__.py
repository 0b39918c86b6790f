"""A real Apache Kafka for `streamdyn up`: fetched once, run as a child process, and stopped with its parent."""

from streamdyn.broker.process import Broker

__all__ = ["Broker"]
