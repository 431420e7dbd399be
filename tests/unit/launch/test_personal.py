"""Which values an edition prints, and whether their absence was thought of."""

import pytest

from edition_oracle import edition
from mailer.edition.format import Context, For, Hole, If, Static
from mailer.launch.personal import Printed, printed_values

PERSON = ("var", "subscriber")
NAME = ("field", PERSON, "first_name")
CITY = ("field", ("field", PERSON, "attributes"), "city")


def hole(expr):
    return Hole(expr, Context.TEXT)


@pytest.mark.parametrize(
    ("nodes", "printed"),
    [
        ((Static("Dear friends"),), set()),
        ((hole(NAME),), {Printed("first_name", False)}),
        ((hole(("filter", "default", NAME, [("const", "friend")])),), {Printed("first_name", True)}),
        ((hole(("filter", "upper", ("filter", "default", NAME, []), [])),), {Printed("first_name", True)}),
        ((hole(("filter", "upper", NAME, [])),), {Printed("first_name", False)}),
        ((hole(("filter", "default", NAME, [CITY])),), {Printed("first_name", True), Printed("city", False)}),
        ((hole(CITY),), {Printed("city", False)}),
        ((hole(("item", ("field", PERSON, "attributes"), ("const", "city"))),), {Printed("city", False)}),
        ((hole(("or", NAME, ("const", "friend"))),), {Printed("first_name", True)}),
        ((hole(("cond", NAME, NAME, ("const", "friend"))),), set()),
        ((hole(("concat", ("const", "Dear "), NAME)),), {Printed("first_name", False)}),
        ((If(((NAME, (hole(NAME),)),), (Static("friend"),)),), set()),
        ((If(((CITY, (hole(NAME),)),)),), {Printed("first_name", False)}),
        ((For("tag", ("field", PERSON, "tags"), (hole(("var", "tag")),)),), set()),
    ],
)
def test_printed_values(nodes, printed):
    assert printed_values(edition(html=nodes, text=(), subject=())) == printed
