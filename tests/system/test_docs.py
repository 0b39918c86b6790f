"""The examples of the README and the pages do what they say."""

from __future__ import annotations

import contextlib
import io
import re
from typing import TYPE_CHECKING

import pytest

from tests.system.harness import REPOSITORY, until

if TYPE_CHECKING:
    from tests.system.harness import Instance

pytestmark = pytest.mark.kafka


def run_example(page: str, instance: Instance) -> str:
    """What the page's Python example prints, asked of this instance."""
    (example,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(), re.DOTALL)
    example = example.replace("http://127.0.0.1:8000", instance.url).replace("127.0.0.1:9092", instance.bootstrap)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.chdir(REPOSITORY):
        exec(compile(example, page, "exec"), {})
    return printed.getvalue()


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # an example closes nothing
def test_the_readme_makes_a_table_and_the_protocol_page_shows_its_log(shared: Instance) -> None:
    try:
        assert "Feeling Good" in run_example("README.md", shared)
        # It gives up after a second without a record, and on a busy machine the first one takes longer.
        log = until(lambda: run_example("docs/protocol.md", shared), "the page's example shows something")
    finally:
        shared.client().delete_table(TableName="Music")
    assert "streamdyn.LeaseClaim" in log
    assert "streamdyn.PutItem" in log and "Feeling Good" in log
