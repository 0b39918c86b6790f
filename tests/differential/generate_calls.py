"""Hypothesis strategies for whole calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from tests.differential.generate import (
    NAMES,
    PROJECTIONS,
    Draw,
    index_types,
    items,
    key_types,
    key_values,
    keys,
    on_table,
    options,
    rarely,
    usual,
    values,
    wrong_values,
)
from tests.differential.generate_expressions import PLAIN_NAMES, Expression
from tests.differential.requests import TABLE, Call, Json

if TYPE_CHECKING:
    from collections.abc import Callable

SELECTS = ("COUNT", "ALL_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES")
RETURN_VALUES = ("NONE", "ALL_OLD", "ALL_NEW", "UPDATED_OLD", "UPDATED_NEW")
LEGACY_OPERATORS = {
    **dict.fromkeys(("EQ", "NE", "LE", "LT", "GE", "GT", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH", "IN"), 1),
    **dict.fromkeys(("NULL", "NOT_NULL"), 0),
    "BETWEEN": 2,
}


@st.composite
def puts(draw: Draw, schema: Json) -> Call:
    item = draw(items(schema))
    if rarely(draw, 10):
        item[draw(st.sampled_from([*NAMES, *key_types(schema)]))] = draw(st.one_of(values(), wrong_values()))
    members = options(draw, "ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")
    members["ReturnValues"] = draw(st.sampled_from((None, "ALL_OLD", "NONE")))
    return on_table("PutItem", Item=item, **members, **_condition(draw))


@st.composite
def deletes(draw: Draw, schema: Json) -> Call:
    members = options(draw, "ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")
    members["ReturnValues"] = draw(st.sampled_from((None, "ALL_OLD", "NONE")))
    return on_table("DeleteItem", Key=draw(keys(schema)), **members, **_condition(draw))


def _condition(draw: Draw) -> Json:
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {}
    if kind == 1:
        return _conditions(draw, "Expected")
    expression = Expression(draw)
    text = expression.spoiled(expression.condition())
    return {"ConditionExpression": text, **expression.members()}


@st.composite
def updates(draw: Draw, schema: Json) -> Call:
    members = options(draw, "ReturnConsumedCapacity", "ReturnValuesOnConditionCheckFailure")
    members["ReturnValues"] = draw(st.sampled_from((None, *RETURN_VALUES)))
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return on_table("UpdateItem", Key=draw(keys(schema)), **members, **_attribute_updates(draw))
    attributes = (*PLAIN_NAMES, *key_types(schema)) if kind == 1 else PLAIN_NAMES
    expression = Expression(draw, attributes)
    members["UpdateExpression"] = expression.spoiled(expression.update())
    if rarely(draw, 3):
        members["ConditionExpression"] = expression.spoiled(expression.condition(1))
    return on_table("UpdateItem", Key=draw(keys(schema)), **members, **expression.members())


def _attribute_updates(draw: Draw) -> Json:
    changes: Json = {}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=3, unique=True)):
        changes[name] = {
            "Action": draw(st.sampled_from(("PUT", "ADD", "DELETE"))),
            "Value": draw(values() if rarely(draw, 3) else usual(name)),
        }
        if rarely(draw, 5):
            del changes[name]["Value"]
    return {"AttributeUpdates": changes, **(_conditions(draw, "Expected") if draw(st.booleans()) else {})}


def _conditions(draw: Draw, member: str, attributes: tuple[str, ...] = NAMES) -> Json:
    """Expected, QueryFilter or ScanFilter."""
    conditions = {
        name: _comparison(draw, name)
        for name in draw(st.lists(st.sampled_from(attributes), min_size=1, max_size=3, unique=True))
    }
    operator = draw(st.sampled_from((None, "AND", "OR"))) if len(conditions) > 1 or rarely(draw, 8) else None
    return {member: conditions, **({} if operator is None else {"ConditionalOperator": operator})}


def _comparison(draw: Draw, name: str) -> Json:
    operator, count = draw(st.sampled_from(sorted(LEGACY_OPERATORS.items())))
    if rarely(draw, 20):
        count = draw(st.integers(0, 3))
    compared = [draw(values() if rarely(draw, 4) else usual(name)) for _ in range(count)]
    return {"ComparisonOperator": operator, **({"AttributeValueList": compared} if compared else {})}


@st.composite
def gets(draw: Draw, schema: Json) -> Call:
    members = {**options(draw, "ReturnConsumedCapacity", "ConsistentRead"), **_projection(draw)}
    return on_table("GetItem", Key=draw(keys(schema)), **members)


def _projection(draw: Draw, expression: Expression | None = None) -> Json:
    kind = draw(st.integers(0, 4))
    if expression is None and kind == 2:
        return {"AttributesToGet": draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))}
    if kind < 3:
        return {}
    own = expression or Expression(draw)
    text = {"ProjectionExpression": own.spoiled(own.projection())}
    return text if expression is not None else {**text, **own.members()}


def _select(draw: Draw, expression: Expression) -> Json:
    """A Select, or a filter and a projection: which fault of both comes first is not known of the service."""
    if rarely(draw, 4):
        expression.sound = True
        projection = draw(st.sampled_from((None, None, "n", "s, m.a")))
        return {
            "Select": draw(st.sampled_from(SELECTS)),
            **({"ProjectionExpression": projection} if projection else {}),
        }
    members = _projection(draw, expression)
    if draw(st.booleans()):
        members["FilterExpression"] = expression.spoiled(expression.condition(2))
    return members


@st.composite
def queries(draw: Draw, schema: Json) -> Call:
    types = key_types(schema)
    index = None
    sort = next((name for name in types if name != "p"), None)
    if index_types(schema) and draw(st.booleans()):
        sort = draw(st.sampled_from(sorted(index_types(schema))))
        index = f"by-{sort}"
    kinds = {**types, **index_types(schema)}
    expression = Expression(draw)
    members = {
        **options(draw, "ReturnConsumedCapacity", "ConsistentRead", "ScanIndexForward"),
        **_select(draw, expression),
    }
    text = f"p = {expression.fresh(key_values(types['p']))}"
    if sort is not None and draw(st.booleans()):
        text += f" AND {_sort_condition(draw, expression, sort, kinds[sort])}"
    # Pages of an index end somewhere else on each side where items are equal in its key: see the walks of the corpus.
    # Without a sort key there is one item, and whether Limit 1 ends its page is not known of the service.
    limits = (None, None, 1, 2, 3, 100) if index is None and sort is not None else (None, 100)
    members["Limit"] = draw(st.sampled_from(limits))
    if index is None and "Select" not in members and rarely(draw, 6):
        expression.sound = True
        members["ExclusiveStartKey"] = {name: draw(key_values(kind)) for name, kind in types.items()}
    return on_table(
        "Query", IndexName=index, KeyConditionExpression=expression.spoiled(text), **members, **expression.members()
    )


def _sort_condition(draw: Draw, expression: Expression, sort: str, kind: str) -> str:
    form = draw(st.integers(0, 6))
    if form == 0:
        return f"{sort} BETWEEN {expression.fresh(key_values(kind))} AND {expression.fresh(key_values(kind))}"
    if form == 1 and (kind != "N" or not expression.sound):
        return f"begins_with({sort}, {expression.fresh(key_values(kind))})"
    operator = draw(st.sampled_from(("=", "<", "<=", ">", ">=")))
    return f"{sort} {operator} {expression.fresh(key_values(kind))}"


@st.composite
def scans(draw: Draw, schema: Json) -> Call:
    """Scans of the whole table: a page of one has other items on each side, as their order is a hash's."""
    members = options(draw, "ReturnConsumedCapacity", "ConsistentRead")
    # Others than these give DynamoDB Local's filters what they do not project; the service's filters don't see it
    # (conformance, partiqlIndexQualifier.test.ts: an unkeyed read matches nothing).
    whole = [
        each["IndexName"] for each in schema.get("LocalSecondaryIndexes", []) if each["Projection"] == PROJECTIONS[0]
    ]
    if whole and draw(st.booleans()):
        members["IndexName"] = draw(st.sampled_from(whole))
    if rarely(draw, 4):
        return on_table("Scan", **members, **_conditions(draw, "ScanFilter"))
    expression = Expression(draw, (*PLAIN_NAMES, *key_types(schema)))
    members |= _select(draw, expression)
    return on_table("Scan", **members, **expression.members())


@st.composite
def walks(draw: Draw, schema: Json) -> Call:
    """A Query or Scan, page by page to its end."""
    operation, body = draw(st.one_of(queries(schema), scans(schema)))
    body = {member: value for member, value in body.items() if member != "ExclusiveStartKey"}
    if operation == "Scan":
        body["TotalSegments"] = draw(st.sampled_from((1, 2, 3)))
    return f"{operation}*", {**body, "Limit": draw(st.sampled_from((1, 2, 5)))}


@st.composite
def batch_gets(draw: Draw, schema: Json) -> Call:
    wanted: Json = {"Keys": draw(st.lists(keys(schema), min_size=1, max_size=5)), **_projection(draw)}
    if "ExpressionAttributeValues" in wanted:
        del wanted["ExpressionAttributeValues"]
    if draw(st.booleans()):
        wanted["ConsistentRead"] = draw(st.booleans())
    return "BatchGetItem", {"RequestItems": {TABLE: wanted}, **options(draw, "ReturnConsumedCapacity")}


@st.composite
def batch_writes(draw: Draw, schema: Json) -> Call:
    writes: list[Any] = draw(
        st.lists(
            st.one_of(
                items(schema).map(lambda item: {"PutRequest": {"Item": item}}),
                keys(schema).map(lambda key: {"DeleteRequest": {"Key": key}}),
            ),
            min_size=1,
            max_size=5,
        )
    )
    # DynamoDB Local charges two units for deleting an item that is not there; DeleteItem's one is the service's.
    told = {} if any("DeleteRequest" in write for write in writes) else options(draw, "ReturnConsumedCapacity")
    return "BatchWriteItem", {"RequestItems": {TABLE: writes}, **told}


KINDS: dict[str, Callable[[Json], st.SearchStrategy[Call]]] = {
    "PutItem": puts,
    "DeleteItem": deletes,
    "UpdateItem": updates,
    "GetItem": gets,
    "Query": queries,
    "Scan": scans,
    "pages": walks,
    "BatchGetItem": batch_gets,
    "BatchWriteItem": batch_writes,
}
