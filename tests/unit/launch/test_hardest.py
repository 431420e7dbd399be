"""Whose mail is looked at as the worst case, and what is said of them."""

from hypothesis import given
from hypothesis import strategies as st

from edition_oracle import AT, KEY, TEXT, default, edition, field, filtered
from mailer.domain.subscriber import Recipient
from mailer.edition.format import Static
from mailer.edition.program import Program
from mailer.launch.hardest import hardest, values_printed

GREETING = (Static("<p>Dear "), TEXT(default("first_name", "friend")), Static(" in "), TEXT(field("city")))
PROGRAM = Program(edition(html=GREETING), key=KEY, mailing_id=0, test=True)


def person(number, **fields):
    email = fields.pop("email", f"person{number}@example.org")
    return Recipient(subscriber_id=number, public_id=number, email=email, fields=fields)


ANA = person(1, first_name="Ana", city="Leeds")
BEN = person(2, first_name="Ben")
EVE = person(3, city="Hull")
IDA = person(4, first_name="Ida " * 12, city="Llanfairpwllgwyngyll")
LOST = person(5, first_name="Lou", city="York", email="lou@")


def found(*people, program=PROGRAM):
    return [(one.person.subscriber_id, one.reason) for one in hardest(program, people, at=AT)]


def test_nobody_is_hard_where_nobody_is():
    assert found() == []


def test_the_longest_message_is_hard_when_nobody_lacks_anything():
    [(who, reason)] = found(ANA, IDA, ANA)
    assert who == 4
    assert reason.startswith("Their message is the longest: ")


def test_a_value_without_a_default_weighs_more_than_one_with():
    assert found(EVE, ANA, BEN)[0] == (
        2,
        "They lack the most: 1 of 2 values that the mail prints: city (without a default).",
    )


def test_whoever_lacks_all_comes_before_whoever_lacks_one():
    assert found(BEN, person(9, first_name=" ", city=""), IDA)[0] == (
        9,
        "They lack the most: 2 of 2 values that the mail prints: city (without a default), first_name.",
    )


def test_somebody_for_whom_there_is_no_message_is_the_worst():
    first, *_ = found(BEN, LOST, IDA)
    assert first[0] == 5
    assert first[1].startswith("No message can be built for them: ")


def test_a_value_that_cannot_be_worked_out_is_no_message():
    sum_of = ("add", filtered("int", field("gift")), ("const", 1))
    program = Program(edition(html=(TEXT(("div", sum_of, ("const", 0))),)), key=KEY, mailing_id=0)
    assert found(person(1, gift="5"), program=program)[0][1].startswith("No message can be built")


def test_a_mail_that_prints_nothing_personal_has_only_a_longest_message():
    program = Program(
        edition(html=(Static("<p>Dear friends"),), text=(), subject=(Static("Hello"),)), key=KEY, mailing_id=0
    )
    assert values_printed(program) == frozenset()
    assert len(found(ANA, BEN, program=program)) == 1


@given(st.permutations([ANA, BEN, EVE, IDA, LOST]))
def test_the_order_of_people_does_not_matter(people):
    assert [who for who, _ in found(*people)] == [5, 2, 4]
