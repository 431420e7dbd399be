"""The statements of an import: a batch stands in staging tables, and whole sets of rows are decided at once.

The same text runs on SQLite and PostgreSQL but for the words in `_WORDS`. Staging tables are temporary: they belong to
one connection. `fate` is what becomes of a row. Rows are staged as `new`: of somebody who is not here yet nothing is
written twice. NULL is the fate of who is here and still to be decided on.
"""

import sqlalchemy as sa

TEXT_COLUMNS = ("first_name", "last_name", "name", "language", "timezone", "country")
#: What every row brings, but for its texts; what few files do; and what is worked out about each.
ROW_COLUMNS = ("email_key", "public_id", "attributes", "tags")
RARE_COLUMNS = ("erased_key", "joined_at", "suppressed")
SUBSCRIPTION_COLUMNS = ("line", "list_id", "status", "consent", "consented_at", "changed_at")
TOPIC_COLUMNS = ("line", "topics")
RENEWAL_COLUMNS = ("line", "public_id")

_SQLITE_ADDED = """(SELECT json_group_array(value) FROM json_each(r.tags)
    WHERE value NOT IN (SELECT value FROM json_each(s.tags)))"""
_WORDS = {
    "sqlite": {
        "merged": "json_patch(s.attributes, r.attributes)",
        "merged_target": "json_patch(subscriber.attributes, r.attributes)",
        "new_tags": f"(r.tags NOT IN ('[]', s.tags) AND {_SQLITE_ADDED} <> '[]')",
        "added_tags": _SQLITE_ADDED,
        "merged_tags": """(SELECT json_group_array(value) FROM (
            SELECT value FROM json_each(subscriber.tags) UNION SELECT value FROM json_each(r.tags)))""",
        "each": "json_each",
        "collected": "json_group_array(t.value)",
        "length": "json_array_length",
        "json": "TEXT",
        "instant": "TEXT",
        "bigint": "INTEGER",
        "line_key": "PRIMARY KEY",
        "keyed": "WITHOUT ROWID",
        # Nobody else writes during a batch: its new people are numbered on from whoever came last.
        "person": "coalesce(r.subscriber_id, r.line + :ahead)",
    },
    "postgresql": {
        # Top level only, like json_patch on text values; an import brings no nulls, which json_patch would delete.
        "merged": "s.attributes || r.attributes",
        "merged_target": "subscriber.attributes || r.attributes",
        "new_tags": "NOT s.tags @> r.tags",
        "added_tags": "(SELECT jsonb_agg(t) FROM jsonb_array_elements(r.tags) t WHERE NOT s.tags @> t)",
        "merged_tags": """CASE WHEN subscriber.tags @> r.tags THEN subscriber.tags ELSE (
            SELECT jsonb_agg(DISTINCT t) FROM jsonb_array_elements(subscriber.tags || r.tags) t) END""",
        "each": "jsonb_array_elements_text",
        "collected": "coalesce(jsonb_agg(t.value), '[]')",
        "length": "jsonb_array_length",
        "json": "JSONB",
        "instant": "TIMESTAMP WITH TIME ZONE",
        "bigint": "BIGINT",
        # Without a key what is staged is written in half the time, and joined by hashing, not row by row.
        "line_key": "",
        "keyed": "",
        "person": "r.subscriber_id",
    },
}

STAGING = (
    f"""CREATE TEMPORARY TABLE import_row (line {{bigint}} {{line_key}}, email TEXT, email_key TEXT,
    erased_key TEXT DEFAULT '', public_id {{bigint}},
    {", ".join(f"{name} TEXT DEFAULT ''" for name in TEXT_COLUMNS)}, attributes {{json}}, joined_at {{instant}},
    suppressed TEXT, tags {{json}}, subscriber_id {{bigint}}, fate TEXT DEFAULT 'new', note TEXT)""",
    """CREATE TEMPORARY TABLE import_subscription (line {bigint}, list_id {bigint}, status TEXT, consent TEXT,
    consented_at {instant}, changed_at {instant}, PRIMARY KEY (line, list_id)) {keyed}""",
    "CREATE TEMPORARY TABLE import_topics (line {bigint} PRIMARY KEY, topics {json})",
    "CREATE TEMPORARY TABLE import_renewal (line {bigint} PRIMARY KEY, public_id {bigint})",
    "CREATE TEMPORARY TABLE import_seen (email_key TEXT PRIMARY KEY) {keyed}",
)
PER_BATCH = ("import_row", "import_subscription", "import_topics", "import_renewal")
#: PostgreSQL: the id of a new person is drawn as the row is staged. A dry run draws none.
DRAW_IDS = "ALTER TABLE import_row ALTER subscriber_id SET DEFAULT nextval('subscriber_id_seq')"
#: SQLite: what is to be added to a line for the id of a new person.
AHEAD = """SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'subscriber'), 0) + 1
    - coalesce((SELECT min(line) FROM import_row), 0)"""

SEEN_BEFORE = (
    "UPDATE import_row SET fate = 'duplicate' FROM import_seen WHERE import_seen.email_key = import_row.email_key"
)
#: Whom this import has brought in itself stands further up in the file.
LINK = """UPDATE import_row SET subscriber_id = s.id, fate = CASE WHEN s.import_id = :batch THEN 'duplicate' END
    FROM subscriber s WHERE s.email_key = import_row.email_key AND fate = 'new'"""
#: Of whom `LINK` finds in a later batch nothing need be remembered. A dry run brings nobody in.
REMEMBER = """INSERT INTO import_seen SELECT email_key FROM import_row
    WHERE fate <> 'duplicate' AND (fate <> 'new' OR CAST(:batch AS {bigint}) IS NULL)"""
#: Rows that would give somebody the public id of another person.
TAKEN_PUBLIC_IDS = """SELECT r.line FROM import_row r JOIN subscriber s ON s.public_id = r.public_id
    WHERE s.email_key <> r.email_key"""
RENEW_PUBLIC_IDS = "UPDATE import_row SET public_id = n.public_id FROM import_renewal n WHERE n.line = import_row.line"
#: What a file says of nobody by name; of new people it goes where it belongs at once.
DEFAULT_SUBSCRIPTION = """INSERT INTO import_subscription (line, list_id, status, consent, consented_at, changed_at)
    SELECT line, :list_id, 'confirmed', :consent, :at, :at FROM import_row WHERE fate IS NULL"""

#: Whose topics a file changes. What somebody chose on their own page stands, whatever a file says.
_NEW_TOPICS = """s.topics <> i.topics AND NOT EXISTS (
    SELECT 1 FROM subscriber_event e WHERE e.subscriber_id = s.id AND e.kind = 'preferences')"""
_ASKED = "SELECT 1 FROM import_subscription i WHERE i.line = import_row.line AND i.status = 'confirmed'"
#: Before anything is written. A row is left alone when its address is suppressed, or when its person left every list it names.
SUPPRESSED = """UPDATE import_row SET fate = 'suppressed', note = p.reason FROM suppression p
    WHERE coalesce(fate, 'new') = 'new' AND p.email_key = import_row."""
#: Of people who are here already; a first import has none.
JUDGE_KNOWN = (
    f"""UPDATE import_row SET fate = 'suppressed', note = 'unsubscribed'
    WHERE fate IS NULL AND EXISTS ({_ASKED}) AND NOT EXISTS ({_ASKED} AND NOT EXISTS (
        SELECT 1 FROM subscription s WHERE s.list_id = i.list_id AND s.subscriber_id = import_row.subscriber_id
        AND s.status = 'unsubscribed'))""",
    f"""UPDATE import_row SET fate = 'updated' FROM import_row r JOIN subscriber s ON s.id = r.subscriber_id
    WHERE r.line = import_row.line AND r.fate IS NULL AND ({{merged}} <> s.attributes OR {{new_tags}} OR
    {" OR ".join(f"(r.{name} <> '' AND r.{name} <> s.{name})" for name in TEXT_COLUMNS)})""",
    """UPDATE import_row SET fate = 'updated', note = 'member' WHERE fate IS NULL AND EXISTS (
        SELECT 1 FROM import_subscription i LEFT JOIN subscription s
        ON s.list_id = i.list_id AND s.subscriber_id = import_row.subscriber_id
        WHERE i.line = import_row.line AND (s.status IS NULL OR (i.status = 'unsubscribed' AND s.status <> i.status)))""",
    f"""UPDATE import_row SET fate = 'updated', note = 'member' WHERE fate IS NULL AND line IN (
        SELECT i.line FROM import_topics i JOIN import_row r ON r.line = i.line JOIN subscriber s ON s.id = r.subscriber_id
        WHERE {_NEW_TOPICS})""",
    # Whose address is suppressed here already has a fate, so this is news.
    "UPDATE import_row SET fate = 'updated', note = 'member' WHERE fate IS NULL AND suppressed IS NOT NULL",
    "UPDATE import_row SET fate = 'unchanged' WHERE fate IS NULL",
)

#: PostgreSQL: whether this user may switch off the triggers of foreign keys; and what the new rows will refer to.
MAY_VOUCH = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
LOCK_REFERENCES = (
    "SELECT count(*) FROM (SELECT 1 FROM list WHERE id = ANY(:lists) FOR KEY SHARE) held",
    """SELECT count(*) FROM (SELECT 1 FROM subscriber WHERE id IN (
        SELECT subscriber_id FROM import_row WHERE fate = 'updated') FOR KEY SHARE) held""",
)

#: The writing. Nobody is brought back: a subscription of any status is left as it is, but one that the file says ended.
_INTO_SUBSCRIPTION = """INSERT INTO subscription (list_id, subscriber_id, status, consent, consented_at, changed_at, import_id)
    SELECT """
_SUBSCRIPTIONS = f"""{_INTO_SUBSCRIPTION} i.list_id, {{person}}, i.status, i.consent, i.consented_at, i.changed_at, :batch
    FROM import_subscription i JOIN import_row r ON r.line = i.line WHERE r.fate = """
#: Nothing of somebody new can be there already: to look costs PostgreSQL a quarter more.
ADD_PEOPLE = f"""INSERT INTO subscriber (id, public_id, email, email_key, {", ".join(TEXT_COLUMNS)}, attributes, tags, created_at,
    updated_at, import_id) SELECT {{person}}, public_id, email, email_key, {", ".join(TEXT_COLUMNS)}, attributes, tags,
    coalesce(joined_at, :at), :at, :batch FROM import_row r WHERE fate = 'new'"""
ADD_MEMBERS = f"""{_INTO_SUBSCRIPTION} :list_id, {{person}}, 'confirmed', :consent, :at, :at, :batch
    FROM import_row r WHERE r.fate = 'new'"""
ADD_SUBSCRIPTIONS = _SUBSCRIPTIONS + "'new'"
#: Of people who are here already.
APPLY_KNOWN = (
    """INSERT INTO tag_change (subscriber_id, import_id, added) SELECT s.id, :batch, {added_tags}
    FROM import_row r JOIN subscriber s ON s.id = r.subscriber_id WHERE r.fate = 'updated' AND r.note IS NULL AND {new_tags}""",
    f"""UPDATE subscriber SET updated_at = :at, attributes = {{merged_target}}, tags = {{merged_tags}},
    {", ".join(f"{name} = CASE WHEN r.{name} <> '' THEN r.{name} ELSE subscriber.{name} END" for name in TEXT_COLUMNS)}
    FROM import_row r WHERE r.subscriber_id = subscriber.id AND r.fate = 'updated' AND r.note IS NULL""",
    f"""INSERT INTO topic_change (import_id, subscriber_id, before, given) SELECT :batch, s.id, s.topics, i.topics
    FROM import_topics i JOIN import_row r ON r.line = i.line JOIN subscriber s ON s.id = r.subscriber_id
    WHERE r.fate = 'updated' AND {_NEW_TOPICS}""",
    _SUBSCRIPTIONS + "'updated' ON CONFLICT DO NOTHING",
    """UPDATE subscription SET status = i.status, changed_at = :at
    FROM import_subscription i JOIN import_row r ON r.line = i.line
    WHERE r.fate = 'updated' AND i.status = 'unsubscribed' AND subscription.status <> i.status
    AND subscription.list_id = i.list_id AND subscription.subscriber_id = r.subscriber_id""",
)
SET_TOPICS = """UPDATE subscriber SET topics = i.topics, updated_at = :at
    FROM import_topics i JOIN import_row r ON r.line = i.line
    WHERE {person} = subscriber.id AND (r.fate = 'new' OR EXISTS (SELECT 1 FROM topic_change c
    WHERE c.import_id = :batch AND c.subscriber_id = r.subscriber_id))"""
#: Of somebody left alone too: what they said to another database counts here. Never beside the hash of somebody erased.
SUPPRESS = """INSERT INTO suppression (email_key, reason, detail, at) SELECT email_key, suppressed, :file, :at FROM import_row
    WHERE fate <> 'duplicate' AND suppressed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM suppression p
    WHERE p.email_key IN (import_row.email_key, import_row.erased_key)) ON CONFLICT DO NOTHING"""
#: Who is new is known by the import their own row names.
TELL = """INSERT INTO subscriber_event (subscriber_id, at, kind, detail) SELECT subscriber_id, :at, 'imported', :file
    FROM import_row WHERE fate = 'updated'"""
FATES = "SELECT coalesce(fate, '') AS fate, count(*) AS number FROM import_row GROUP BY fate"
LEFT_ALONE = "SELECT line, email, fate, note FROM import_row WHERE fate IN ('suppressed', 'duplicate') ORDER BY line"


def statement(connection: sa.Connection, template: str) -> sa.TextClause:
    """The statement in the words of the connection's engine."""
    for key, word in _WORDS[connection.dialect.name].items():
        template = template.replace(f"{{{key}}}", word)
    return sa.text(template)
