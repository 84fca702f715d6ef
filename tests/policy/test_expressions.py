"""Expressions: read as the grammar says, refused with the column."""

from fractions import Fraction

import pytest

from goodstanding.policy.expressions import (
    Binary,
    Call,
    Choice,
    Code,
    Duration,
    ExpressionError,
    Lookup,
    Name,
    Number,
    parse,
)


def number(value):
    return Number(Fraction(value))


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1 + 2 * 3", Binary("+", number(1), Binary("*", number(2), number(3)))),
        ("(1 + 2) * 3", Binary("*", Binary("+", number(1), number(2)), number(3))),
        ("1 - 2 - 3", Binary("-", Binary("-", number(1), number(2)), number(3))),
        ("-x", Binary("-", number(0), Name("x"))),
        ("0.1", number(Fraction(1, 10))),
        ("level = 'national'", Binary("=", Name("level"), Code("national"))),
        ("2 years after act", Binary("after", Duration(2, "years"), Name("act"))),
        ("life[item.grade]", Lookup("life", Name("item.grade"))),
        ("max(a, 1)", Call("max", (Name("a"), number(1)))),
        ("a if b else c", Choice(Name("a"), Name("b"), Name("c"))),
    ],
)
def test_an_expression_is_read_as_the_grammar_says(text, node):
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("1 + * 2", 5, "a name, a number"),
        ("(1 + 2", 7, "')'"),
        ("mean(mark of check)", 11, "'mean' is no function over entries"),
        ("1 2", 3, "the end"),
        ("a ? b", 3, "a name, a number or a sign"),
        ("", 1, "a name, a number"),
        ("1.5 years after act", 5, "a whole number"),
        ("a if b", 7, "'else'"),
        ("'open", 1, "a name, a number or a sign"),
        ("item.", 6, "a field name"),
        ("sum(mark of check lats 3)", 19, "'last'"),
        ("sum(check lats 3)", 11, "'last'"),
        ("count(check where late of 3)", 24, "')' or 'last' or 'else'"),
        ("count(check last 0)", 18, "a whole number from 1"),
        ("count(check last 2.5)", 18, "a whole number from 1"),
        ("count(check last n)", 18, "a whole number from 1"),
        ("count(check last 3 months)", 20, "entries, not days"),
        ("count(check last 3 where late)", 20, "')' or 'else'"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_column_and_what_was_expected(text, column, expected):
    with pytest.raises(ExpressionError) as answer:
        parse(text)
    assert answer.value.column == column
    assert expected in str(answer.value)
