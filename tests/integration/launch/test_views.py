"""Each person's own digest: everybody gets exactly the items that their topics and their mail leave, on both engines."""

import email as mail_format
from dataclasses import replace
from datetime import timedelta
from email.policy import default

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from compiling import write
from digest_issues import FRONT, around_with, item, picture
from ledger_world import KEY, states
from mailer.domain.audience import Audience
from mailer.domain.digest import AlreadyMailed, Issue
from mailer.domain.mailing import MailingState, RowState
from mailer.domain.sample import SAMPLE
from mailer.domain.schedule import parse_when
from mailer.edition.format import dump, load
from mailer.edition.program import Program
from mailer.errors import InputProblems, NotForThem, Refused
from mailer.launch import NothingToSend, Order, Repeat, fire_due, give_approval, launch, read_draft
from mailer.launch.rehearsal import everybody
from mailer.launch.views import with_views
from mailer.rendering.compile import compile_campaign
from mailer.storage import audiences, mailings, reasons, schedules, subscribers
from mailer.storage.tables import delivery, mailing
from sending_world import Clock, desk_for, make_project, populate, rename, write_letter

NEWS = Audience(list_name="news")
DIGEST = """---
kind: digest
subject: "News: {{{{ items[0].headline }}}}"
preheader: What was written and asked since you last heard from us
headline: The week
collect:
  first_run: everything
{collect}---
Dear {{{{ subscriber.first_name | default("friend") }}}}, this is what the week has brought.
"""


@pytest.fixture
def desk(database_url, tmp_path):
    project = make_project(tmp_path / "project")
    (project / "campaigns" / "letter.md").unlink()
    desk = desk_for(project, clock=Clock(), url=database_url)
    populate(desk.database, 6)
    yield desk
    desk.database.dispose()


def choose(desk, **topics):
    """choose(desk, p1=["peru"]): the first person hears of Peru."""
    for who, chosen in topics.items():
        rename(desk.database, int(who[1:]), topics=sorted(chosen))


def reach(desk, mailing_id, *people, state=RowState.SENT):
    rows = [{"mailing_id": mailing_id, "subscriber_id": who, "state": state} for who in people]
    with desk.database.writing() as connection:
        connection.execute(sa.delete(delivery).where(delivery.c.mailing_id == mailing_id))
        if rows:
            connection.execute(sa.insert(delivery), rows)


def mails(desk, edition, audience):
    """Subscriber id -> the text part as it leaves, of everybody in the audience."""
    program = Program(load(dump(edition)), key=KEY, mailing_id=1)
    found = {}
    for page in everybody(desk, audience, program.needs):
        for person in page:
            content = program.message(person, at=desk.clock()).content
            parsed = mail_format.message_from_bytes(content, policy=default)
            found[person.subscriber_id] = parsed.get_body(("plain",)).get_content().replace("\r\n", "\n")
    return found


def shown(text, items):
    """How a mail shows each of `items`: "f", "b" or "-"."""
    full = ["f" if one.standfirst in text else "b" if f"\n{one.headline}\n" in text else "-" for one in items]
    return "".join(full)


def compiled(desk, issue, **more):
    """The issue with all views that its audience has."""
    root = desk.settings.root
    file, around = write(root, "Words.\n", kind="digest", subject="News", more=FRONT), around_with(root, issue)
    return with_views(desk, file, around, compile_campaign(file, around), replace(NEWS, **more))


TOPICS = ("chile", "peru", "union")
SOME_TOPICS = st.lists(st.sampled_from(TOPICS), unique=True).map(tuple)
SOME_ITEMS = st.lists(
    st.tuples(SOME_TOPICS, st.lists(st.sampled_from((101, 102)), unique=True)), min_size=1, max_size=4
)
PEOPLE = st.lists(st.tuples(SOME_TOPICS, st.sets(st.sampled_from((101, 102)))), min_size=6, max_size=6)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SOME_ITEMS, PEOPLE, st.sampled_from(AlreadyMailed))
def test_each_person_gets_exactly_what_the_rule_says(desk, held, people, already_mailed):
    items = tuple(item(number, topics=topics, mailings=tuple(had)) for number, (topics, had) in enumerate(held, 1))
    choose(desk, **{f"p{who}": topics for who, (topics, _) in enumerate(people, 1)})
    for mailing_id in (101, 102):
        reach(desk, mailing_id, *(who for who, (_, had) in enumerate(people, 1) if mailing_id in had))
    expected = {}
    for who, (chosen, had) in enumerate(people, 1):
        letters = ""
        for one in items:
            if chosen and one.topics and not set(chosen) & set(one.topics):
                letters += "-"
            elif set(one.mailings) & had:
                letters += {"include": "f", "shorten": "b", "skip": "-"}[already_mailed]
            else:
                letters += "f"
        if letters.strip("-"):
            expected[who] = letters
    viewed = compiled(desk, Issue(items=items, already_mailed=already_mailed))
    got = mails(desk, viewed.edition, replace(NEWS, wants=viewed.wants))
    assert {who: shown(text, items) for who, text in got.items()} == expected
    if viewed.people:
        assert sum(viewed.people.values()) == len(expected)
    with desk.database.reading() as connection:
        audience = replace(NEWS, wants=viewed.wants)
        assert audiences.count(connection, audience, now=desk.clock()) == len(expected)
        for who in range(1, 7):
            verdicts = reasons.verdicts(connection, audience, who, now=desk.clock())
            assert all(one.ok for one in verdicts) == (who in expected)


def test_where_everybody_sees_everything_the_edition_is_the_one_it_was(desk):
    root = desk.settings.root
    issue = Issue(items=(item(1, topics=("peru",)), item(2, mailings=(101,))))
    file, around = write(root, "Words.\n", kind="digest", subject="News", more=FRONT), around_with(root, issue)
    whole = compile_campaign(file, around)
    viewed = with_views(desk, file, around, whole, NEWS)
    assert dump(viewed.edition) == dump(whole.edition)
    assert Program(viewed.edition, key=KEY, mailing_id=1).needs == Program(whole.edition, key=KEY, mailing_id=1).needs
    assert "topics" not in Program(viewed.edition, key=KEY, mailing_id=1).needs


def test_each_view_has_its_own_lead_picture_and_subject(desk):
    root = desk.settings.root
    choose(desk, p1=["peru"], p2=["chile"])
    items = (
        item(1, topics=("chile",), picture=picture(root, "a.png")),
        item(2, topics=("peru",), picture=picture(root, "b.png")),
    )
    Image.new("RGB", (80, 40), "blue").save(root / "campaigns" / "b.png")
    issue, more = Issue(items=items), FRONT
    file = write(root, "Words.\n", kind="digest", subject="News: {{ items[0].headline }}", more=more)
    viewed = with_views(desk, file, around_with(root, issue), compile_campaign(file, around_with(root, issue)), NEWS)
    program = Program(load(dump(viewed.edition)), key=KEY, mailing_id=1)
    with desk.database.reading() as connection:
        people = {one.subscriber_id: one for one in subscribers.recipients(connection, [1, 2, 3], program.needs)}
    assert [program.subject(people[who]) for who in (1, 2, 3)] == [
        "News: Headline 2", "News: Headline 1", "News: Headline 1"
    ]  # fmt: skip
    names = [one.name for one in viewed.media]
    assert sorted(names) == sorted(viewed.edition.meta.media)
    assert len(names) == 2
    for who, at in ((1, 1), (2, 0)):
        page = program.html(people[who])
        assert names[at] in page
        assert names[1 - at] not in page


def test_what_a_view_cannot_be_made_of_is_said_with_for_whom(desk):
    root = desk.settings.root
    choose(desk, p1=["peru"])
    issue = Issue(items=(item(1, topics=("chile",)), item(2)))
    file = write(root, "Words.\n", kind="digest", subject="{{ items[1].headline }}", more=FRONT)
    around = around_with(root, issue)
    with pytest.raises(InputProblems, match=r"c\.md:3.*for those who see 1 of 2 items"):
        with_views(desk, file, around, compile_campaign(file, around), NEWS)


def test_more_views_than_can_be_are_refused_before_any_is_compiled(desk, monkeypatch):
    choose(desk, p1=["a"], p2=["b"], p3=["c"])
    monkeypatch.setattr("mailer.launch.views.MOST_VIEWS", 3)
    issue = Issue(items=tuple(item(number, topics=(name,)) for number, name in enumerate("abc", 1)))
    with pytest.raises(Refused, match="3 items in more than 3 different choices") as refusal:
        compiled(desk, issue)
    assert "max_items" in refusal.value.hint


def test_whoever_chooses_others_afterwards_gets_what_fits_them_or_nothing(desk):
    items = (item(1, topics=("peru",)), item(2, topics=("chile",)), item(3, topics=("union",)))
    choose(desk, p1=["peru"], p2=["chile", "peru"], p3=["chile"])
    viewed = compiled(desk, Issue(items=items))
    program = Program(load(dump(viewed.edition)), key=KEY, mailing_id=1)
    choose(desk, p1=["peru", "union"], p2=["union"], p3=["elsewhere"])
    with desk.database.reading() as connection:
        people = {one.subscriber_id: one for one in subscribers.recipients(connection, [1, 2, 3, 4], program.needs)}
    assert shown(program.text(people[1]), items) == "f--"
    with pytest.raises(NotForThem, match="chose other topics after this issue was put together"):
        program.message(people[2], at=desk.clock())
    with pytest.raises(NotForThem, match=r"^chose other topics\.$"):
        program.message(people[3], at=desk.clock())
    assert shown(program.text(people[2]), items) == "fff", "who opens the page sees the whole issue"
    assert shown(program.text(SAMPLE), items) == shown(program.text(people[4]), items) == "fff"


# ── the whole way ────────────────────────────────────────────────────────────────────────────────────────────────────


def send(desk, slug, **order):
    return launch(desk, Order(slug=slug, **order), lambda *_: None)


def write_digest(desk, collect=""):
    (desk.settings.root / "campaigns" / "weekly.md").write_text(DIGEST.format(collect=collect))


def mail(desk, slug, *, topics="", segment_state=RowState.SENT, to=None):
    """A campaign that reached the people in `to` (all)."""
    extra = f"standfirst: All about {slug}.\n" + (f"topics: [{topics}]\n" if topics else "")
    write_letter(desk.settings.root, slug=slug, extra=extra)
    sent = send(desk, slug)
    with desk.database.writing() as connection:
        mine = sa.update(delivery).where(delivery.c.mailing_id == sent.id)
        connection.execute(mine.values(state=RowState.FAILED))
        connection.execute(mine.where(delivery.c.subscriber_id.in_(to or range(1, 7))).values(state=segment_state))
        mailings.finish_if_done(connection, sent.id, at=desk.clock())
    desk.clock.now += timedelta(hours=1)
    return sent


def sent_to(desk, issue):
    """Subscriber id -> which campaigns their digest shows, "-a" where it is the headline alone."""
    with desk.database.reading() as connection:
        edition = load(mailings.edition_of(connection, issue.id))
        audience = mailings.audience_of(connection, issue.id)
    found = {}
    for who, text in mails(desk, edition, audience).items():
        brief = text.partition("In brief")[2]
        slugs = [slug for slug in "abc" if f"/c/{slug}\n" in text]
        found[who] = " ".join(f"-{slug}" if f"/c/{slug}\n" in brief else slug for slug in slugs)
    return found


def test_a_digest_by_topics_reaches_those_whom_it_says_something(desk):
    mail(desk, "a", topics="peru")
    mail(desk, "b", topics="chile, peru")
    choose(desk, p1=["peru"], p2=["chile"], p3=["union"], p4=["chile", "union"])
    write_digest(desk)
    draft = read_draft(desk, Order(slug="weekly"))
    assert draft.views == {"ff": 3, "f-": 2}
    assert (draft.audience.wants, len(draft.readers.wants)) == ((), 1)
    sent = send(desk, "weekly")
    assert states(desk.database, sent.id) == {RowState.QUEUED: [1, 2, 4, 5, 6]}
    assert sent_to(desk, sent) == {1: "a b", 2: "b", 4: "b", 5: "a b", 6: "a b"}
    with desk.database.reading() as connection:
        audience = mailings.audience_of(connection, sent.id)
        refused = [one for one in reasons.verdicts(connection, audience, 3, now=desk.clock()) if not one.ok]
        explained = audiences.explain(connection, audience, now=desk.clock())
    assert [(one.rule, one.detail) for one in refused] == [("something of it is for them", "chose other topics")]
    assert ([step.remaining for step in explained.steps], explained.count) == ([6, 5], 5)


def test_what_people_had_as_a_mail_is_shortened_or_skipped_for_them_alone(desk):
    mail(desk, "a", to=(1, 2))
    mail(desk, "b", to=(1, 3), segment_state=RowState.UNCERTAIN)
    write_digest(desk, "  already_mailed: shorten\n")
    shortened = read_draft(desk, Order(slug="weekly"))
    assert shortened.views == {"bb": 1, "fb": 1, "bf": 1, "ff": 3}
    write_digest(desk, "  already_mailed: skip\n")
    skipped = send(desk, "weekly")
    assert states(desk.database, skipped.id) == {RowState.QUEUED: [2, 3, 4, 5, 6]}
    assert sent_to(desk, skipped) == {2: "b", 3: "a", 4: "a b", 5: "a b", 6: "a b"}
    with desk.database.reading() as connection:
        audience = mailings.audience_of(connection, skipped.id)
        refused = [one for one in reasons.verdicts(connection, audience, 1, now=desk.clock()) if not one.ok]
    assert [one.detail for one in refused] == ["has had all of it"]


def test_a_digest_of_headlines_alone_has_no_lead_and_is_not_empty(desk):
    mail(desk, "a")
    write_digest(desk, "  already_mailed: shorten\n")
    sent = send(desk, "weekly")
    assert set(sent_to(desk, sent).values()) == {"-a"}
    with desk.database.reading() as connection:
        edition = load(mailings.edition_of(connection, sent.id))
    (text, *_) = mails(desk, edition, NEWS).values()
    assert "All about a." not in text
    assert "nothing new" not in text


def test_a_cancelled_mailing_counts_for_those_whom_it_reached(desk):
    first = mail(desk, "a", to=(1,))
    assert first.number == 1
    with desk.database.writing() as connection:
        connection.execute(sa.update(mailing).values(state=MailingState.CANCELLED))
    second = send(desk, "a", repeat=Repeat.REST)
    reach(desk, second.id, 2)
    write_digest(desk, "  already_mailed: skip\n")
    assert states(desk.database, send(desk, "weekly").id) == {RowState.QUEUED: [3, 4, 5, 6]}


def test_where_nobody_wants_any_of_it_nobody_is_mailed_and_it_stays_new(desk):
    mail(desk, "a", topics="peru")
    choose(desk, **{f"p{who}": ["chile"] for who in range(1, 7)})
    write_digest(desk)
    assert send(desk, "weekly") == NothingToSend("nobody in the audience of weekly would see any of its items")
    choose(desk, p1=["peru"])
    assert sent_to(desk, send(desk, "weekly")) == {1: "a"}


def arm(desk):
    when = parse_when("in 10m", now=desk.clock(), zone="Europe/London")
    return launch(desk, Order(slug="weekly"), lambda *_: None, when=when)


def test_whom_an_armed_digest_goes_to_is_settled_when_its_time_has_come(desk):
    mail(desk, "a", topics="peru")
    write_digest(desk)
    choose(desk, **{f"p{who}": ["chile"] for who in range(1, 7)})
    armed = arm(desk)
    choose(desk, p4=[], p5=[], p6=[])
    with desk.database.reading() as connection:
        (schedule,) = schedules.armed(connection)
        assert schedule.people == 6, "what it holds then, and who wants that, is not known yet"
        assert schedule.audience.wants == mailings.audience_of(connection, armed.id).wants == ()
    choose(desk, p1=["peru"], p3=["union"])
    desk.clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert fired.id == armed.id
    assert states(desk.database, fired.id) == {RowState.QUEUED: [1, 4, 5, 6]}


def test_an_armed_digest_with_too_many_views_is_held(desk, monkeypatch):
    mail(desk, "a", topics="peru")
    mail(desk, "b", topics="chile")
    write_digest(desk)
    arm(desk)
    choose(desk, p1=["peru"], p2=["chile"])
    monkeypatch.setattr("mailer.launch.views.MOST_VIEWS", 2)
    desk.clock.now += timedelta(minutes=10)
    (fired,) = fire_due(desk)
    assert fired.state is MailingState.HELD
    assert "in more than 2 different choices" in fired.state_reason


def test_what_was_approved_of_a_digest_does_not_bind_how_many_want_what_it_holds_later(desk):
    mail(desk, "a", topics="peru")
    write_digest(desk)
    choose(desk, p1=["chile"], p2=["chile"])
    draft = read_draft(desk, Order(slug="weekly"))
    given = give_approval(desk, draft, sum(draft.views.values()), by="Ana")
    assert given.people == 4
    arm(desk)
    mail(desk, "b")
    (fired,) = fire_due(desk)
    assert states(desk.database, fired.id) == {RowState.QUEUED: [1, 2, 3, 4, 5, 6]}
