"""`mailer send` on a terminal: what a person is asked, and types."""

from sending_world import Commands, everybody, populate, recipients
from terminal import Terminal


def test_a_few_people_take_a_y(mailer, people, relay):
    with Terminal(mailer, "send", "letter", "--segment", "donors") as terminal:
        terminal.answer("Type y", "y")
        assert terminal.code == 0
    assert len(relay.accepted) == 3


def test_anything_else_is_a_no(mailer, people, relay):
    with Terminal(mailer, "send", "letter", "--segment", "donors") as terminal:
        terminal.answer("Type y", "n")
        assert terminal.code == 4
        assert "nothing was done" in terminal.seen
    assert relay.accepted == []


def test_the_whole_list_takes_the_number(mailer, people, relay):
    with Terminal(mailer, "send", "letter") as terminal:
        terminal.answer("Type the number", "y")
        assert terminal.code == 4
    with Terminal(mailer, "send", "letter") as terminal:
        terminal.answer("Type the number", "12")
        assert terminal.code == 0
    assert recipients(relay) == everybody()


def test_many_people_take_the_name(project, database, relay):
    populate(database, 700, donors=range(1, 502))
    mailer = Commands(project, MAILER_SMTP_URL=f"smtp://127.0.0.1:{relay.port}", MAILER_SENDING__UNDO_SECONDS="0")
    with Terminal(mailer, "send", "letter", "--segment", "donors", "--queue-only", "--yes") as terminal:
        terminal.answer("Type the campaign's name", "letter")
        assert terminal.code == 0


def test_ctrl_c_at_the_question_does_nothing(mailer, people, relay):
    with Terminal(mailer, "send", "letter") as terminal:
        terminal.interrupt("Type the number")
        assert terminal.code == 130
    assert mailer("status", "--json").json == {"mailings": []}
    assert relay.accepted == []
