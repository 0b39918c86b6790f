"""Any sequence of calls changes a table and its index as it changes a dict, from the call to the stored rows."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from streamdyn.errors import ConditionalCheckFailedException
from tests.api.fake import FakeDatabase

TABLE = {
    "TableName": "tab",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": kind} for name, kind in (("p", "S"), ("s", "N"), ("l", "S"))
    ],
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
    "LocalSecondaryIndexes": [
        {
            "IndexName": "by_l",
            "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "l", "KeyType": "RANGE"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        }
    ],
}
PARTITIONS = st.sampled_from(["a", "b"])
SORTS = st.sampled_from([-1, 2, 10])
LABELS = st.none() | st.sampled_from(["x", "y", "y\x00", "\xff"])
NUMBERS = st.integers(-3, 3)
LIMITS = st.integers(1, 4)


class Calls(RuleBasedStateMachine):
    """`model` is the table: (p, s) -> {"l": ..., "n": ...}, without the attributes that an item lacks."""

    def __init__(self):
        super().__init__()
        self.db = FakeDatabase()
        self.db.call("CreateTable", TABLE)
        self.model = {}

    def call(self, operation, **members):
        return self.db.call(operation, {"TableName": "tab", **members})

    @rule(p=PARTITIONS, s=SORTS, label=LABELS, n=NUMBERS)
    def put(self, p, s, label, n):
        told = self.call("PutItem", Item=item(p, s, {"l": label, "n": n}), ReturnValues="ALL_OLD")
        assert told == self._old(p, s)
        self.model[p, s] = {"n": n} | ({"l": label} if label else {})

    @rule(p=PARTITIONS, s=SORTS, n=NUMBERS)
    def put_if_smaller(self, p, s, n):
        condition = {"ConditionExpression": "n < :n", "ExpressionAttributeValues": {":n": {"N": str(n)}}}
        evaluate_condition = (p, s) in self.model and "n" in self.model[p, s] and self.model[p, s]["n"] < n
        try:
            self.call("PutItem", Item=item(p, s, {"n": n}), **condition)
        except ConditionalCheckFailedException:
            assert not evaluate_condition
        else:
            assert evaluate_condition
            self.model[p, s] = {"n": n}

    @rule(p=PARTITIONS, s=SORTS)
    def delete(self, p, s):
        assert self.call("DeleteItem", Key=item(p, s, {}), ReturnValues="ALL_OLD") == self._old(p, s)
        self.model.pop((p, s), None)

    @rule(p=PARTITIONS, s=SORTS, n=NUMBERS)
    def add(self, p, s, n):
        asked = {"UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": str(n)}}}
        told = self.call("UpdateItem", Key=item(p, s, {}), ReturnValues="UPDATED_NEW", **asked)
        changed = self.model.setdefault((p, s), {})
        changed["n"] = changed.get("n", 0) + n
        assert told == {"Attributes": {"n": {"N": str(changed["n"])}}}

    @rule(p=PARTITIONS, s=SORTS, label=LABELS)
    def relabel(self, p, s, label):
        asked = {"UpdateExpression": "REMOVE l"}
        if label:
            asked = {"UpdateExpression": "SET l = :l", "ExpressionAttributeValues": {":l": {"S": label}}}
        self.call("UpdateItem", Key=item(p, s, {}), **asked)
        if label:
            self.model.setdefault((p, s), {})["l"] = label
        elif (p, s) in self.model:
            self.model[p, s].pop("l", None)

    @rule(p=PARTITIONS, low=SORTS, high=SORTS, limit=LIMITS, forward=st.booleans())
    def query(self, p, low, high, limit, forward):
        low, high = min(low, high), max(low, high)
        asked = {
            "KeyConditionExpression": "p = :p AND s BETWEEN :low AND :high",
            "ExpressionAttributeValues": {":p": {"S": p}, ":low": {"N": str(low)}, ":high": {"N": str(high)}},
            "ScanIndexForward": forward,
        }
        keys = sorted((key for key in self.model if key[0] == p and low <= key[1] <= high), reverse=not forward)
        assert self.pages("Query", limit, **asked) == [item(*key, self.model[key]) for key in keys]

    @rule(p=PARTITIONS, limit=LIMITS, forward=st.booleans())
    def query_index(self, p, limit, forward):
        asked = {"KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": p}}, "IndexName": "by_l"}
        found = self.pages("Query", limit, ScanIndexForward=forward, **asked)
        keys = [(row["l"], s) for (q, s), row in self.model.items() if q == p and "l" in row]
        assert found == [item(p, s, {"l": label}) for label, s in sorted(keys, reverse=not forward)]

    def pages(self, operation, limit, **members):
        items, start = [], {}
        while True:
            page = self.call(operation, Limit=limit, **members, **start)
            items += page["Items"]
            assert page["Count"] == len(page["Items"]) <= limit
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    @rule(segments=st.integers(1, 3))
    def scan_in_segments(self, segments):
        found = [row for n in range(segments) for row in self.pages("Scan", 2, Segment=n, TotalSegments=segments)]
        assert same_items(found, [item(*key, row) for key, row in self.model.items()])

    @invariant()
    def the_table_and_its_index_are_as_in_the_model(self):
        assert same_items(self.call("Scan")["Items"], [item(*key, row) for key, row in self.model.items()])
        indexed = [item(*key, {"l": row["l"]}) for key, row in self.model.items() if "l" in row]
        assert same_items(self.call("Scan", IndexName="by_l")["Items"], indexed)

    def _old(self, p, s):
        return {"Attributes": item(p, s, self.model[p, s])} if (p, s) in self.model else {}


def item(p, s, row):
    made = {"p": {"S": p}, "s": {"N": str(s)}}
    if row.get("l"):
        made["l"] = {"S": row["l"]}
    if "n" in row:
        made["n"] = {"N": str(row["n"])}
    return made


def same_items(found, expected):
    """The items, in any order."""
    return sorted(map(sorted_members, found)) == sorted(map(sorted_members, expected))


def sorted_members(row):
    return sorted((name, str(value)) for name, value in row.items())


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=50, stateful_step_count=25, deadline=None, derandomize=True)
