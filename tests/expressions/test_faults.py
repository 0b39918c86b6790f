"""DynamoDB's message for each fault of an expression, and which of several faults it reports."""

import pytest

from streamdyn.errors import ValidationException
from streamdyn.expressions.parser import parse_condition, parse_projection, parse_update
from streamdyn.expressions.reserved_words import RESERVED_WORDS

NAMES = (("#a", "a"), ("#b", "b"), ("#data", "data"))
VALUES = {
    ":s": {"S": "a"},
    ":t": {"S": "b"},
    ":n": {"N": "1"},
    ":m": {"N": "10"},
    ":two": {"N": "2"},
    ":b": {"B": "YWI="},
    ":ss": {"SS": ["a"]},
    ":ns": {"NS": ["1"]},
    ":bs": {"BS": ["YQ=="]},
    ":l": {"L": []},
    ":map": {"M": {}},
    ":bool": {"BOOL": True},
    ":null": {"NULL": True},
    ":type": {"S": "SS"},
    ":untype": {"S": "XX"},
}
PARSERS = {"Condition": parse_condition, "Update": parse_update, "Projection": parse_projection}


def fault(kind, text):
    """The fault of an expression, or None."""
    try:
        PARSERS[kind](text, NAMES).check(VALUES)
    except ValidationException as error:
        return str(error).removeprefix(f"Invalid {kind}Expression: ")
    return None


@pytest.mark.parametrize(
    ("text", "token", "near"),
    [
        # The token before, the token, and the token after, as in the text.
        ("a = b c", "c", "b c"),
        ("a  =\t= :s", "=", "=\t= :s"),
        ("= a", "=", "= a"),
        ("  = a", "=", "  = a"),
        ("a = b c  ", "c", "b c  "),
        ("a = b c  d", "c", "b c  d"),
        ("a", "<EOF>", "a"),
        ("a =", "<EOF>", "="),
        (" a = ", "<EOF>", "= "),
        ("  ", "<EOF>", "  "),
        ("a = 'x'", "'", "= 'x"),
        ('a = "x"', '"', '= "x'),
        ("a = 1", "1", "= 1"),
        ("1a = :s", "1", "1a"),
        ("_a = :s", "_", "_a"),
        ("a-b = :s", "-", "a-b"),
        ("a != :s", "!", "a !="),
        ("a < > :s", ">", "< > :s"),
        ("aé = :s", "é", "aé ="),
        ("a\u00a0= :s", "\u00a0", "a\u00a0="),
        ("a\f= :s", "\f", "a\f="),
        ("a = :", ":", "= :"),
        ("a = : s", ":", "= : s"),
        ("# = :s", "#", "# ="),
        ("## = :s", "#", "##"),
        ("#a-b = :s", "-", "#a-b"),
        ("#a#b = :s", "#b", "#a#b ="),
        ("a = :s:t", ":t", ":s:t"),
        # Paths.
        ("a[-1] = :s", "-", "[-1"),
        ("a[01] = :s", "1", "01]"),
        ("a[x] = :s", "x", "[x]"),
        ("a[:n] = :s", ":n", "[:n]"),
        ("a[] = :s", "]", "[] ="),
        ("a[0 = :s", "=", "0 = :s"),
        ("a[1.5] = :s", ".", "1.5"),
        (".a = :s", ".", ".a"),
        ("a. = :s", "=", ". = :s"),
        ("a..b = :s", ".", "..b"),
        ("(a).b = :s", ".", ").b"),
        (":s.a = :s", ".", ":s.a"),
        ("size(a)[0] = :n", "[", ")[0"),
        # Keywords cannot be names.
        ("and = :s", "and", "and ="),
        ("NOT = :s", "=", "NOT = :s"),
        ("a.in = :s", "in", ".in ="),
        ("set = :s", "set", "set ="),
        # Conditions.
        ("()", ")", "()"),
        ("(a = :s", "<EOF>", ":s"),
        ("a = :s)", ")", ":s)"),
        ("a and b", "and", "a and b"),
        ("(a and b)", "and", "a and b"),
        ("(a = :s and)", ")", "and)"),
        ("(a = :s and b)", ")", "b)"),
        ("(not a)", ")", "a)"),
        ("a = (b = :s)", "=", "b = :s"),
        ("(a = :s) = (b = :s)", "=", ") = ("),
        ("a = :s = :t", "=", ":s = :t"),
        ("a not between :n and :m", "not", "a not between"),
        ("a between :n", "<EOF>", ":n"),
        ("a between (:n and :m)", "and", ":n and :m"),
        ("a in :n", ":n", "in :n"),
        ("a in ()", ")", "()"),
        ("a in (:n,)", ")", ",)"),
        ("a in (:s b)", "b", ":s b)"),
        ("size() = :n", ")", "() ="),
        ("size(,a) = :n", ",", "(,a"),
        ("#a(b)", "(", "#a(b"),
        ("a + b = :n", "+", "a + b"),
    ],
)
def test_syntax_of_conditions(text, token, near):
    assert fault("Condition", text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize(
    ("kind", "text", "token", "near"),
    [
        ("Update", "a = :s", "a", "a ="),
        ("Update", "INVALID SYNTAX HERE", "INVALID", "INVALID SYNTAX"),
        ("Update", "set", "<EOF>", "set"),
        ("Update", "set a = :s, ", "<EOF>", ", "),
        ("Update", "set a = :s b = :t", "b", ":s b ="),
        ("Update", "set set = :s", "set", "set set ="),
        ("Update", "set (a) = :s", "(", "set (a"),
        ("Update", "set a = :n + :n + :n", "+", ":n + :n"),
        ("Update", "set a = (b + c) + d", "+", ") + d"),
        ("Update", "set a = b + (c + d)", "+", "c + d"),
        ("Update", "set a = if_not_exists(a, b + c)", "+", "b + c"),
        ("Update", "set a = -b", "-", "= -b"),
        ("Update", "set a = b * c", "*", "b * c"),
        ("Update", "set a = b = c", "=", "b = c"),
        ("Update", "remove :s", ":s", "remove :s"),
        ("Update", "remove a b", "b", "a b"),
        ("Update", "add a = :n", "=", "a = :n"),
        ("Update", "add a b", "b", "a b"),
        ("Update", "add a (:n)", "(", "a (:n"),
        ("Update", "delete a", "<EOF>", "a"),
        ("Projection", "a,", "<EOF>", ","),
        ("Projection", "a,,b", ",", ",,b"),
        ("Projection", "a b", "b", "a b"),
        ("Projection", "(a)", "(", "(a"),
        ("Projection", ":s", ":s", ":s"),
        ("Projection", "size(a)", "(", "size(a"),
    ],
)
def test_syntax_of_updates_and_projections(kind, text, token, near):
    assert fault(kind, text) == f'Syntax error; token: "{token}", near: "{near}"'


@pytest.mark.parametrize("kind", PARSERS)
def test_an_expression_is_not_empty(kind):
    assert fault(kind, "") == "The expression can not be empty;"


@pytest.mark.parametrize(
    "text",
    [
        *("((a = :s))", "((a)) = :s", "a = ((:s))", "(((a)) = :s)", "not ((a = :s))", "((not a = :s))"),
        *("((a = :s) )", "a in (((:n)))", "a between ((:n)) and :m", "attribute_exists(((a)))", "((size(a))) = :n"),
    ],
)
def test_redundant_parentheses(text):
    assert fault("Condition", text) == "The expression has redundant parentheses;"


@pytest.mark.parametrize("text", ["set a = ((b))", "set a = ((b + c))", "set a = if_not_exists(((b)), :s)"])
def test_redundant_parentheses_in_updates(text):
    assert fault("Update", text) == "The expression has redundant parentheses;"


# --- tokens ---


def test_reserved_words():
    keywords = {"AND", "OR", "NOT", "IN", "BETWEEN", "SET", "ADD", "DELETE"}
    for word in RESERVED_WORDS - keywords:
        for name in (word, word.lower(), word.title()):
            expected = f"Attribute name is a reserved keyword; reserved keyword: {name}"
            assert fault("Condition", f"a.{name} = :s") == expected


def test_a_placeholder_may_stand_for_a_reserved_word():
    assert fault("Projection", "#data") is None


UNKNOWN = "Invalid function name; function: "
MISUSED = "The function is not allowed to be used this way in an expression; function: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foo(a)", UNKNOWN + "foo"),
        ("Attribute_Exists(a)", UNKNOWN + "Attribute_Exists"),
        ("a = foo(b)", UNKNOWN + "foo"),
        ("if_not_exists(a, b) = :s", "The function is not allowed in a condition expression; function: if_not_exists"),
        ("list_append(a, b)", "The function is not allowed in a condition expression; function: list_append"),
        ("size(a)", MISUSED + "size"),
        ("(size(a))", MISUSED + "size"),
        ("not size(a)", MISUSED + "size"),
        ("a = :s or size(a)", MISUSED + "size"),
        ("contains(a, :s) = :bool", MISUSED + "contains"),
        ("a in (b, contains(b, :s))", MISUSED + "contains"),
        ("attribute_exists(contains(a, :s))", MISUSED + "contains"),
        ("a[2147483648] = :s", "List index is not within the allowable range; index: [2147483648]"),
        ("a[99999999999999999999] = :s", "List index is not within the allowable range; index: [99999999999999999999]"),
    ],
)
def test_tokens_of_conditions(text, expected):
    assert fault("Condition", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set a = foo(b)", UNKNOWN + "foo"),
        ("set a = IF_NOT_EXISTS(a, :s)", UNKNOWN + "IF_NOT_EXISTS"),
        ("set a = size(b)", "The function is not allowed in an update expression; function: size"),
        ("set a = contains(b, :s)", "The function is not allowed in an update expression; function: contains"),
        ("set a = if_not_exists(a, list_append(b, c))", MISUSED + "list_append"),
        ("set a = list_append(list_append(a, b), c)", MISUSED + "list_append"),
        ("set a = :n + list_append(a, b)", MISUSED + "list_append"),
        ("set a = :s set b = :s", 'The "SET" section can only be used once in an update expression;'),
        ("add a :n remove b Add c :n", 'The "ADD" section can only be used once in an update expression;'),
    ],
)
def test_tokens_of_updates(text, expected):
    assert fault("Update", text) == expected


# --- semantics ---

TYPE = "Incorrect operand type for operator or function; operator or function: "
DISTINCT = "The first operand must be distinct from the remaining operands for this operator or function; operator: "
COUNT = "Incorrect number of operands for operator or function; operator or function: "
NEEDS_PATH = "Operator or function requires a document path; operator or function: "
NO_NAME = "An expression attribute name used in the document path is not defined; attribute name: "
NO_VALUE = "An expression attribute value used in expression is not defined; attribute value: "
BETWEEN = "The BETWEEN operator requires "
TYPES = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#zz = :s", NO_NAME + "#zz"),
        ("a.#zz[1] = :s", NO_NAME + "#zz"),
        ("a = :zz", NO_VALUE + ":zz"),
        ("attribute_exists(a, b)", COUNT + "attribute_exists, number of operands: 2"),
        ("contains(a)", COUNT + "contains, number of operands: 1"),
        ("size(a, b) = :n", COUNT + "size, number of operands: 2"),
        ("attribute_exists(:s)", NEEDS_PATH + "attribute_exists"),
        ("attribute_not_exists(size(a))", NEEDS_PATH + "attribute_not_exists"),
        ("a = a", DISTINCT + "=, first operand: [a]"),
        ("#a.b[1] <> a.b[1]", DISTINCT + "<>, first operand: [a, b, [1]]"),
        ("contains(#data, #data)", DISTINCT + "contains, first operand: [data]"),
        ("a in (:n, a)", DISTINCT + "IN, first operand: [a]"),
        ("a between :n and a", DISTINCT + "BETWEEN, first operand: [a]"),
        ("begins_with(a, :n)", TYPE + "begins_with, operand type: N"),
        ("begins_with(:l, :n)", TYPE + "begins_with, operand type: L"),
        ("begins_with(a, size(b))", TYPE + "begins_with, operand type: N"),
        ("size(:n) = :n", TYPE + "size, operand type: N"),
        ("size(:bool) = :n", TYPE + "size, operand type: BOOL"),
        ("size(:null) = :n", TYPE + "size, operand type: NULL"),
        ("size(size(a)) = :n", TYPE + "size, operand type: N"),
        ("a < :bool", TYPE + "<, operand type: BOOL"),
        (":ss >= a", TYPE + ">=, operand type: SS"),
        ("a between :l and :l", TYPE + "BETWEEN, operand type: L"),
        (":map between :s and :t", TYPE + "BETWEEN, operand type: M"),
        ("attribute_type(a, :n)", TYPE + "attribute_type, operand type: N"),
        ("attribute_type(a, b)", TYPE + "attribute_type, operand type: " + TYPES),
        (
            "attribute_type(a, :untype)",
            "Invalid attribute type name found; type: XX, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "a between :n and :s",
            BETWEEN + "same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, "
            "upper bound operand: AttributeValue: {S:a}",
        ),
        (
            "a between :m and :two",
            BETWEEN + "upper bound to be greater than or equal to lower bound; "
            "lower bound operand: AttributeValue: {N:10}, upper bound operand: AttributeValue: {N:2}",
        ),
        (
            "a between :s and :b",
            BETWEEN + "same data type for lower and upper bounds; lower bound operand: AttributeValue: {S:a}, "
            "upper bound operand: AttributeValue: {B:java.nio.HeapByteBuffer[pos=0 lim=2 cap=2]}",
        ),
        ("a" + ".x" * 32 + " = :s", "The document path has too many nesting levels; nesting levels: 33"),
        (
            f"a in ({','.join([':s'] * 101)})",
            "The IN operator is provided with too many operands; number of operands: 101",
        ),
        (" and ".join(["a=:s"] * 151), "The expression contains too many operators; operator count: 301"),
    ],
)
def test_semantics_of_conditions(text, expected):
    assert fault("Condition", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(":n = :n", "size(a) = size(a)", "a between b and b", "a in (b, b)", "a = :ss", "a <> :null", ":s < :n"),
        *("a in (:ss)", "contains(:n, :n)", "contains(a, :map)", "size(:l) = :n", "size(:b) = :n", "size(:ns) = :s"),
        *("begins_with(:s, a)", "begins_with(a, :b)", "attribute_type(:s, :type)", "a between :two and :m"),
        *("a between :n and :n", "a between size(b) and :s", f"a in ({','.join([':s'] * 100)})", "not " * 299 + "a=:s"),
    ],
)
def test_unusual_but_valid_expressions(text):
    assert fault("Condition", text) is None


CLAUSE_TYPE = "Incorrect operand type for operator or function; operator: "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("set #zz = :s", NO_NAME + "#zz"),
        ("set a = :zz", NO_VALUE + ":zz"),
        ("set a = if_not_exists(a)", COUNT + "if_not_exists, number of operands: 1"),
        ("set a = list_append(a,b,c)", COUNT + "list_append, number of operands: 3"),
        ("set a = if_not_exists(:s, :s)", NEEDS_PATH + "if_not_exists"),
        ("set a = if_not_exists(b, b)", DISTINCT + "if_not_exists, first operand: [b]"),
        ("set a = :n + :s", TYPE + "+, operand type: S"),
        ("set a = :l - b", TYPE + "-, operand type: L"),
        ("set a = list_append(a, :ss)", TYPE + "list_append, operand type: SS"),
        ("add a :s", CLAUSE_TYPE + "ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("add a :l", CLAUSE_TYPE + "ADD, operand type: LIST, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("add a :map", CLAUSE_TYPE + "ADD, operand type: MAP, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("add a :null", CLAUSE_TYPE + "ADD, operand type: NULL, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("delete a :n", CLAUSE_TYPE + "DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        ("delete a :bool", CLAUSE_TYPE + "DELETE, operand type: BOOLEAN, typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        ("delete a :b", CLAUSE_TYPE + "DELETE, operand type: BINARY, typeSet: ALLOWED_FOR_DELETE_OPERAND"),
        ("remove a" + "[0]" * 32, "The document path has too many nesting levels; nesting levels: 33"),
        (
            "set " + ",".join(f"a{i}=:n+:n" for i in range(301)),
            "The expression contains too many operators; operator count: 301",
        ),
    ],
)
def test_semantics_of_updates(text, expected):
    assert fault("Update", text) == expected


@pytest.mark.parametrize(
    ("paths", "how", "one", "two"),
    [
        ("a, a", "overlap", "a", "a"),
        ("a, #a", "overlap", "a", "a"),
        ("a, a.b", "overlap", "a", "a, b"),
        ("a.b, a", "overlap", "a, b", "a"),
        ("a[0], a[0]", "overlap", "a, [0]", "a, [0]"),
        ("a.b, a[0]", "conflict", "a, b", "a, [0]"),
        ("a[0], a.b", "conflict", "a, [0]", "a, b"),
        # The last path comes first.
        ("a.b, a[0], c, c", "overlap", "c", "c"),
        ("c, c, a.b, a[0]", "conflict", "a, b", "a, [0]"),
        ("a.x, a.y, a", "overlap", "a, y", "a"),
        ("a, a.x, a.y", "overlap", "a", "a, y"),
    ],
)
def test_paths_that_overlap_or_conflict(paths, how, one, two):
    expected = (
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: [{one}], path two: [{two}]"
    )
    assert fault("Projection", paths) == expected
    assert fault("Update", f"remove {paths}") == expected
    first, *others = paths.split(", ")
    assert fault("Update", f"set {first} = :s remove {', '.join(others)}") == expected


def test_paths_that_do_not_overlap_are_valid():
    assert fault("Projection", "a.b, a.c, b[0], b[1].x, b[1].y, A") is None


# --- several faults ---


@pytest.mark.parametrize(
    ("first", "second"),
    [
        # By stage: parentheses, tokens, semantics.
        ("((a = :s))", "foo(b)"),
        ("((a = :s))", "status = :s"),
        ("foo(b)", "#zz = :s"),
        ("status = :s", "a = :zz"),
        ("a[99999999999] = :s", "#zz = :s"),
        ("size(a)", "attribute_exists(:s)"),
    ],
)
def test_the_earlier_stage_of_a_condition_wins(first, second):
    alone = fault("Condition", first)
    assert alone is not None and alone != fault("Condition", second)
    assert fault("Condition", f"{first} and {second}") == alone
    assert fault("Condition", f"{second} and {first}") == alone


@pytest.mark.parametrize(
    "faults",
    [
        ["foo(b)", "c = contains(c, :s)", "if_not_exists(d, :s)", "status = :s", "a[99999999999] = :s", "size(b)"],
        [
            *("#zz = :s", "b = :zz", "size(c, d) = :n", "attribute_exists(:s)", "d = d", "begins_with(e, :n)"),
            *("f between :m and :n", "attribute_type(g, :untype)", "h" + ".x" * 33 + " = :s"),
        ],
    ],
)
def test_within_a_stage_of_a_condition_the_text_decides(faults):
    for first in faults:
        for second in faults:
            assert fault("Condition", f"{first} and {second}") == fault("Condition", first) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("begins_with(:n, :zz)", NO_VALUE + ":zz"),
        ("contains(#zz, :s, :s)", NO_NAME + "#zz"),
        ("contains(:zz, #zz)", NO_VALUE + ":zz"),
        ("#zz" + ".x" * 33 + " = :s", "The document path has too many nesting levels; nesting levels: 34"),
        ("foo(contains(a, b))", UNKNOWN + "foo"),
        ("contains(status, foo(a))", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("contains(a, status) = foo(b)", MISUSED + "contains"),
        ("a between :l and a", TYPE + "BETWEEN, operand type: L"),
        ("not " * 300 + "begins_with(b, :n)", TYPE + "begins_with, operand type: N"),
        ("((a))", 'Syntax error; token: "<EOF>", near: ")"'),
        ("b between ((a)) c", "The expression has redundant parentheses;"),
    ],
)
def test_several_faults_of_one_condition(text, expected):
    assert fault("Condition", text) == expected


C_TWICE = (
    "Two document paths overlap with each other; must remove or rewrite one of these paths; "
    "path one: [c], path two: [c]"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # All paths come before all values, and the last action first.
        ("set a = :zz, #zz = :s", NO_NAME + "#zz"),
        ("set #zy = :s, #zz = :s", NO_NAME + "#zz"),
        ("set #zz = :s remove #zy", NO_NAME + "#zy"),
        ("set a = :zz, b = :zy", NO_VALUE + ":zy"),
        ("set a = :zz + :zy", NO_VALUE + ":zz"),
        ("add b :zy set a = :zz", NO_VALUE + ":zz"),
        ("add b :zz, a :s", CLAUSE_TYPE + "ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"),
        ("set status = :s set b = foo(c)", "Attribute name is a reserved keyword; reserved keyword: status"),
        ("set a = :s set b = foo(c)", UNKNOWN + "foo"),
        ("remove #zz, c, c", C_TWICE),
        ("set d[1] = a, d.b = a, c = a, c = if_not_exists(a)", C_TWICE),
        (
            "set b = list_append(:s, a), c = if_not_exists(a) add a.b :s",
            CLAUSE_TYPE + "ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND",
        ),
        ("remove c, c, #zz", NO_NAME + "#zz"),
    ],
)
def test_several_faults_of_one_update(text, expected):
    assert fault("Update", text) == expected
