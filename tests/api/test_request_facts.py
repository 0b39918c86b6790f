"""The facts about requests that streamdyn carries are those of the botocore that its developers have installed."""

import copy
import json

import pytest

from streamdyn.api.validation.model import FACTS_FILE
from tests.api.make_request_facts import COMMAND, SOURCE, as_text, differences, make_facts, service_model


@pytest.fixture(scope="module")
def model():
    return service_model()


def test_the_facts_are_those_of_botocore(model):
    differing = differences(json.loads(FACTS_FILE.read_bytes()), make_facts(model))
    assert not differing, f"{SOURCE} differs; to take its facts over: {COMMAND}\n" + "\n".join(differing)


def test_the_file_is_as_its_script_writes_it():
    kept = json.loads(FACTS_FILE.read_bytes())
    assert FACTS_FILE.read_text() == as_text(kept, kept["source"])


def test_a_newer_description_is_told_fact_by_fact(model):
    newer = copy.deepcopy(model)
    longest = newer["shapes"]["TableArn"]["max"]
    newer["shapes"]["TableArn"]["max"] = 2 * longest
    newer["shapes"]["GetItemInput"]["members"]["Colour"] = {"shape": "Colour"}
    newer["shapes"]["Colour"] = {"type": "string", "enum": ["RED"], "documentation": "<p>How it looks.</p>"}
    assert differences(make_facts(model), make_facts(newer)) == [
        "+Colour type string",
        "+Colour enum ['RED']",
        "+GetItemInput.Colour is Colour",
        f"-TableArn max {longest}",
        f"+TableArn max {2 * longest}",
    ]


def test_what_no_request_of_ours_reaches_is_left_out(model):
    newer = copy.deepcopy(model)
    newer["shapes"]["GetItemOutput"]["members"]["Colour"] = {"shape": "TableArn"}
    newer["operations"]["ImportTable"]["input"]["shape"] = "TableArn"
    newer["shapes"]["TableArn"]["documentation"] = "<p>Other words.</p>"
    assert make_facts(newer) == make_facts(model)
