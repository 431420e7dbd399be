"""`mailer segment`: which segments there are, whom they hold, and why. Counts are of people who would be mailed now."""

from typing import Any

import click

from mailer.cli.output import Output
from mailer.cli.people_choice import chosen, list_option, person_document, person_line, where_option
from mailer.errors import UnknownName


@click.group()
def segment() -> None:
    """Named questions about subscribers (subscribers/segments.yaml). NAME may be a list, or --where 'QUERY'."""


@segment.command("list")
@click.pass_obj
def list_(output: Output) -> None:
    """Every segment and list, and how many people each would reach."""
    from mailer.domain.audience import Audience
    from mailer.domain.segment import Everyone
    from mailer.domain.segment_query import describe
    from mailer.sources.segment_files import EVERYONE, NamedSegment, read_segments
    from mailer.storage import audiences

    settings = output.app.settings
    segments = read_segments(settings.root, settings)
    default, now = settings.subscribers.default_list, output.app.clock()
    everyone = NamedSegment(name=EVERYONE, description=f"all who may be mailed on {default}", segment=Everyone())
    rows: list[dict[str, Any]] = []
    with output.app.database.reading() as connection:
        for one in (everyone, *segments.named.values()):
            count = audiences.count(connection, Audience(list_name=default, segment=one.segment), now=now)
            row = {"name": one.name, "description": one.description, "query": describe(one.segment), "count": count}
            rows.append({"kind": "segment", **row})
        for name, details in sorted(settings.subscribers.lists.items()):
            count = audiences.count(connection, Audience(list_name=name), now=now)
            described = details.description or details.title
            rows.append(
                {"kind": "list", "name": name, "description": described, "query": f"list:{name}", "count": count}
            )
    output.document({"segments": rows})
    for row in rows:
        called = f"{row['name']} (list)" if row["kind"] == "list" else row["name"]
        output.data(f"{called:<28} {row['count']:>9,}   {row['description'] or row['query']}")


@segment.command()
@click.argument("name", required=False)
@where_option
@list_option
@click.pass_obj
def show(output: Output, name: str | None, where: str | None, list_name: str | None) -> None:
    """What a segment asks, as one line."""
    from mailer.domain.segment import to_json
    from mailer.domain.segment_query import describe

    choice = chosen(output, name, where, list_name)
    asked = choice.audience.segment
    query = f"list:{choice.audience.list_name}" if asked is None else describe(asked)
    tree = None if asked is None else to_json(asked)
    output.document({"segment": choice.label, "list": choice.audience.list_name, "query": query, "tree": tree})
    output.data(query)


@segment.command()
@click.argument("name", required=False)
@where_option
@list_option
@click.pass_obj
def count(output: Output, name: str | None, where: str | None, list_name: str | None) -> None:
    """How many people would be mailed now."""
    from mailer.storage import audiences

    choice = chosen(output, name, where, list_name)
    with output.app.database.reading() as connection:
        found = audiences.count(connection, choice.audience, now=output.app.clock())
    output.document({"segment": choice.label, "list": choice.audience.list_name, "count": found})
    output.data(f"{found:,}")


@segment.command()
@click.argument("name", required=False)
@click.option("-n", "size", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@where_option
@list_option
@click.pass_obj
def sample(output: Output, name: str | None, size: int, where: str | None, list_name: str | None) -> None:
    """A few of the people, at random."""
    from mailer.storage import audiences, people

    choice = chosen(output, name, where, list_name)
    with output.app.database.reading() as connection:
        ids = audiences.sample(connection, choice.audience, size, now=output.app.clock())
        found = [people.person(connection, one) for one in ids]
    output.document({"segment": choice.label, "subscribers": [person_document(one) for one in found]})
    for one in found:
        output.data(person_line(one))


@segment.command()
@click.argument("name", required=False)
@where_option
@list_option
@click.pass_obj
def explain(output: Output, name: str | None, where: str | None, list_name: str | None) -> None:
    """How many people are left after each clause."""
    from mailer.storage import audiences

    choice = chosen(output, name, where, list_name)
    with output.app.database.reading() as connection:
        found = audiences.explain(connection, choice.audience, now=output.app.clock())
    output.document(
        {
            "segment": choice.label,
            "list": choice.audience.list_name,
            "steps": [{"clause": step.clause, "remaining": step.remaining} for step in found.steps],
            "suppressed": found.suppressed,
            "count": found.count,
        }
    )
    width = max(len(step.clause) for step in found.steps) + 4
    for number, step in enumerate(found.steps):
        clause = step.clause if number == 0 else f"and {step.clause}"
        output.data(f"{clause:<{width}} {step.remaining:>9,}")
    output.data(f"{'minus suppressed':<{width}} {-found.suppressed:>9,}")
    output.data(f"{'would be mailed now':<{width}} {found.count:>9,}")


@segment.command()
@click.argument("name", required=False)
@click.argument("email", required=False)
@where_option
@list_option
@click.pass_obj
def test(output: Output, name: str | None, email: str | None, where: str | None, list_name: str | None) -> None:
    """Whether one person belongs to it, clause by clause."""
    from mailer.storage import audiences, people, subscribers

    if where is not None and email is None:
        name, email = None, name
    if email is None:
        raise click.UsageError("Name a segment and an address.")
    choice = chosen(output, name, where, list_name)
    now = output.app.clock()
    with output.app.database.reading() as connection:
        who = subscribers.find_by_email(connection, email)
        if who is None:
            raise UnknownName(f"Nobody here has the address {email}.", hint="See `mailer subscribers list`.")
        person = people.person(connection, who)
        clauses = audiences.clauses_for(connection, choice.audience.segment, who, now=now)
        mailed = audiences.includes(connection, choice.audience, who, now=now)
    on = choice.audience.list_name
    status = next((one.status.value for one in person.subscriptions if one.list_name == on), "not a member")
    suppressed = person.suppressed.value if person.suppressed else "no"
    reasons = [
        {"rule": f"list:{on}", "ok": on in person.lists, "detail": status},
        *({"rule": rule, "ok": ok, "detail": ""} for rule, ok in clauses),
        {"rule": "not suppressed", "ok": person.suppressed is None, "detail": suppressed},
    ]
    document = {"segment": choice.label, "email": person.email, "would_receive": mailed, "reasons": reasons}
    output.document(document)
    for reason in reasons:
        detail = f"   ({reason['detail']})" if reason["detail"] and not reason["ok"] else ""
        output.data(f"  {'yes' if reason['ok'] else 'no ':<4} {reason['rule']}{detail}")
    output.data(f"{person.email} would {'' if mailed else 'not '}be mailed now.")
