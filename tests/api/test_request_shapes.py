"""The request shapes that streamdyn carries equal those of the installed botocore."""

import copy
import json

import pytest

from streamdyn.api.validation.request_shapes import SHAPES_FILE
from tests.api.extract_request_shapes import COMMAND, SOURCE, as_text, differences, extract_shapes, service_model


@pytest.fixture(scope="module")
def model():
    return service_model()


def test_the_shapes_equal_those_of_botocore(model):
    differing = differences(json.loads(SHAPES_FILE.read_bytes()), extract_shapes(model))
    assert not differing, f"{SOURCE} differs; to update the extract: {COMMAND}\n" + "\n".join(differing)


def test_the_file_is_as_its_script_writes_it():
    kept = json.loads(SHAPES_FILE.read_bytes())
    assert SHAPES_FILE.read_text() == as_text(kept, kept["source"])


def test_a_newer_service_model_is_compared_property_by_property(model):
    newer = copy.deepcopy(model)
    longest = newer["shapes"]["TableArn"]["max"]
    newer["shapes"]["TableArn"]["max"] = 2 * longest
    newer["shapes"]["GetItemInput"]["members"]["Colour"] = {"shape": "Colour"}
    newer["shapes"]["Colour"] = {"type": "string", "enum": ["RED"], "documentation": "<p>How it looks.</p>"}
    assert differences(extract_shapes(model), extract_shapes(newer)) == [
        "+Colour type string",
        "+Colour enum ['RED']",
        "+GetItemInput.Colour is Colour",
        f"-TableArn max {longest}",
        f"+TableArn max {2 * longest}",
    ]


def test_shapes_that_no_request_reaches_are_left_out(model):
    newer = copy.deepcopy(model)
    newer["shapes"]["GetItemOutput"]["members"]["Colour"] = {"shape": "TableArn"}
    newer["operations"]["ImportTable"]["input"]["shape"] = "TableArn"
    newer["shapes"]["TableArn"]["documentation"] = "<p>Other words.</p>"
    assert extract_shapes(newer) == extract_shapes(model)
