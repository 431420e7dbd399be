"""`check`, `render`, `new` and `config` as a person or a script meets them: message, exit code, no traceback."""

import email
import email.policy
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import warm
from mailer.domain.campaign_kinds import KINDS
from sending_world import make_project, rename, write_letter

KEYS = ["rule", "severity", "file", "line", "column", "message", "hint"]


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        assert "Traceback" not in self.err, self.err

    @property
    def document(self):
        return json.loads(self.out)


@pytest.fixture
def folder(tmp_path):
    return make_project(tmp_path / "project")


@pytest.fixture
def run(folder):
    def mailer(*arguments, **environment):
        known = {name: value for name, value in os.environ.items() if not name.startswith("MAILER_")}
        return Ran(warm.run(*arguments, cwd=folder, env=known | environment))

    return mailer


def campaign(folder, content, name="bad.md"):
    path = folder / "campaigns" / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


FRONT = "---\nkind: article\nsubject: A subject long enough\npreheader: And what follows it, in a line of its own\nheadline: Head\n---\n"


def test_check_is_quiet_about_what_is_in_order(run):
    done = run("check")
    assert (done.code, done.out) == (0, "")
    assert "1 campaign: 0 errors, 0 warnings." in done.err
    assert "Next: mailer preview letter" in done.err


def test_check_says_where_what_and_how_in_three_formats(run, folder):
    campaign(folder, FRONT + "\nTODO, and the the end.\n" + "Some words to fill it up. " * 12)
    text = run("check", "bad")
    assert text.code == 3
    assert (
        'campaigns/bad.md:8: error: "TODO" still stands there [placeholder]\n    write what belongs there\n' in text.out
    )
    assert "1 campaign: 1 error, 1 warning." in text.err
    document = run("check", "bad", "--format", "json").document
    (one,) = document["campaigns"]
    assert (one["slug"], one["errors"], one["warnings"]) == ("bad", 1, 1)
    assert [list(finding) for finding in one["findings"]] == [KEYS, KEYS]
    assert run("check", "bad", "--json").document == document
    github = run("check", "bad", "--format", "github").out.splitlines()
    assert (
        github[1]
        == '::error file=campaigns/bad.md,line=8,title=placeholder::"TODO" still stands there (write what belongs there)'
    )
    assert github[0].startswith("::warning file=campaigns/bad.md,line=8,title=doubled-word::")


def test_fix_mends_the_file_and_shows_what(run, folder):
    path = campaign(
        folder, FRONT + "\nThe the end.\u00a0\r\n{{ subscriber.email }} gave £ 5.\n" + "Some words to fill it up. " * 12
    )
    path.chmod(0o640)
    before = path.read_bytes()
    done = run("check", "bad", "--fix", "--json")
    assert done.document["campaigns"][0]["findings"] == []
    assert "campaigns/bad.md:8: mended\n  - The the end." in done.err
    assert "  + The end.\n" in done.err
    after = before.replace("The the end.\u00a0".encode(), b"The end.").replace("£ 5".encode(), "£5".encode())
    assert path.read_bytes() == after.removesuffix(b" ")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in path.parent.iterdir() if one.name.startswith(".")] == []
    assert "nothing that could be mended" in run("check", "--fix").err
    assert run("check", "nothing", "--fix").code == 1
    campaign(folder, b"---\nkind: article\n---\ncaf\xe9\n", "worse.md")
    assert run("check", "worse", "--fix").code == 3


def test_strict_makes_errors_of_warnings(run, folder):
    campaign(folder, FRONT + "\nThe the end.\n" + "Some words to fill it up. " * 12)
    assert run("check", "bad").code == 0
    strict = run("check", "bad", "--strict", "--json")
    assert strict.code == 3
    assert strict.document["campaigns"][0]["errors"] == 1


def test_findings_of_all_campaigns_come_together(run, folder):
    campaign(folder, "---\nkind: artikle\n---\n\n{% if %}\n", "one.md")
    campaign(folder, FRONT + "\n{% if %}\n", "two.md")
    done = run("check", "--json")
    assert done.code == 3
    counts = {one["slug"]: one["errors"] for one in done.document["campaigns"]}
    assert counts == {"letter": 0, "one": 2, "two": 1}


BROKEN = {
    "broken front matter": ("---\nkind: article\nsubject: One: two\n---\n", "campaigns/bad.md:3", "a text with a colon"),
    "misspelt key": (FRONT.replace("headline", "hedline") + "x\n", "campaigns/bad.md:5", 'did you mean "headline"?'),
    "misspelt kind": (FRONT.replace("article", "artcle") + "x\n", "campaigns/bad.md:2", 'did you mean "article"?'),
    "template error": (FRONT + "\n\n{% for %}\n", "campaigns/bad.md:9", "Expected"),
    "unknown field": (FRONT + "\n{{ subscriber.frist_name }}\n", "campaigns/bad.md:8", 'did you mean "first_name"?'),
    "unknown template": (FRONT.replace("---\nkind", "---\ntemplate: artcle\nkind") + "x\n", "campaigns/bad.md:2", "article"),
    "raw HTML": (FRONT + "\n<script>x</script>\n", "campaigns/bad.md:8", "raw HTML"),
    "not UTF-8": (FRONT.encode() + b"\ncaf\xe9\n", "campaigns/bad.md:8", "save the file as UTF-8"),
    "control characters": (FRONT + "a\0b\n", "campaigns/bad.md:7", "U+0000"),
    "empty": ("", "campaigns/bad.md:", "the file is empty"),
    "no front matter": ("Hello\n", "campaigns/bad.md:1", "begin with a line of ---"),
    "huge": ("x" * 2_000_000, "campaigns/bad.md:", "2,000,000 bytes"),
}  # fmt: skip


def test_check_reads_every_broken_file(run, folder):
    slugs = {case.lower().replace(" ", "-"): case for case in BROKEN}
    for slug, case in slugs.items():
        campaign(folder, BROKEN[case][0], f"{slug}.md")
    done = run("check", "--json")
    assert done.code == 3
    found = {one["slug"]: json.dumps(one["findings"], ensure_ascii=False) for one in done.document["campaigns"]}
    for slug, case in slugs.items():
        _, place, words = BROKEN[case]
        assert words in found[slug].replace('\\"', '"')
        line = place.rpartition(":")[2] or "null"
        assert f'"file": "campaigns/{slug}.md", "line": {line}' in found[slug]


@pytest.mark.parametrize("case", ["broken front matter", "template error", "not UTF-8"])
@pytest.mark.parametrize("command", [("render", "bad"), ("render", "bad", "--json")], ids=" ".join)
def test_broken_files(run, folder, case, command):
    content, place, words = BROKEN[case]
    campaign(folder, content)
    done = run(*command)
    assert done.code == 3
    said = done.out + done.err
    assert place in said
    assert words in said.replace('\\"', '"')
    if "--json" in command:
        assert json.loads(done.err)["error"]["code"] == "findings"


def test_a_folder_where_a_file_should_be(run, folder):
    (folder / "campaigns" / "bad.md").mkdir()
    done = run("check", "bad")
    assert done.code == 3
    assert "campaigns/bad.md: error: this is a folder [file]" in done.out


def test_bad_mjml_names_the_templates_line(run, folder):
    template = folder / "templates" / "blocks" / "divider.mjml"
    template.parent.mkdir(parents=True)
    template.write_text("{#- block divider() -#}\n<mj-section>\n  <mj-colunm></mj-colunm>\n</mj-section>\n")
    campaign(folder, FRONT + "\nx\n\n---\n\ny\n")
    done = run("check", "bad")
    assert done.code == 3
    assert "templates/blocks/divider.mjml:3: error: there is no <mj-colunm> [mjml]" in done.out
    template.write_text("{#- block divider() -#}\n<mj-section>\n  <mj-column>\n</mj-section>\n")
    assert "templates/blocks/divider.mjml:4: error: not well-formed" in run("check", "bad").out
    template.write_text("{#- block divider() -#}\n\n{{ nothing.here }}\n")
    assert "templates/blocks/divider.mjml:3: error: 'nothing' is undefined [template]" in run("check", "bad").out
    template.write_text("<mj-section />\n")
    assert (
        "templates/blocks/divider.mjml:1: error: the first line does not declare the block" in run("check", "bad").out
    )
    template.write_bytes(b"{#- block divider() -#}\n\xff\n")
    assert "templates/blocks/divider.mjml:2: error: this is not UTF-8 [encoding]" in run("check", "bad").out


@pytest.mark.parametrize("command", ["check", "render"])
def test_an_unknown_slug(run, command):
    done = run(command, "lettr")
    assert (done.code, done.out) == (1, "")
    assert 'error: There is no campaign "lettr".\nDid you mean "letter"?' in done.err
    assert run(command, "../mailer").code == 1


@pytest.mark.parametrize(
    "command", [("check",), ("render", "x"), ("new", "article", "x"), ("config", "path")], ids=" ".join
)
def test_outside_a_project(tmp_path, command):
    done = subprocess.run([sys.executable, "-m", "mailer", *command], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"There is no project here." in done.stderr
    assert b"mailer init" in done.stderr


def test_render_prints_a_message_a_page_a_text_or_mjml_and_makes_nothing(run, folder):
    before = sorted(folder.rglob("*"))
    message = email.message_from_string(run("render", "letter").out, policy=email.policy.default)
    assert message["Subject"] == "We meet on Friday"
    assert message["To"] == "sample@example.org"
    parts = [part.get_content_type() for part in message.iter_parts()]
    assert parts == ["text/plain", "text/html"]
    assert "Dear Sam," in run("render", "letter", "--format", "text").out
    assert run("render", "letter", "--format", "html").out.startswith("<!DOCTYPE html>")
    assert "<mj-body" in run("render", "letter", "--format", "mjml").out
    document = run("render", "letter", "--format", "text", "--json").document
    assert list(document) == ["campaign", "format", "content"]
    assert sorted(folder.rglob("*")) == before


def test_render_as_somebody_needs_people_and_never_makes_a_database(run, folder):
    done = run("render", "letter", "--as", "ana@example.org")
    assert (done.code, done.out) == (1, "")
    assert "Nobody here has the address ana@example.org." in done.err
    assert not (folder / "mailer.db").exists()


def test_check_counts_for_whom_a_personal_value_is_blank(mailer, people, project, database):
    write_letter(project, body="Yours, {{ subscriber.last_name }} and\n{{ subscriber.name | default('a friend') }}.")
    run = mailer("check", "letter")
    assert run.code == 3
    assert (
        "campaigns/letter.md:13: error: {{ subscriber.last_name }} is blank for 12 of 12 people [personal-value]"
        in run.out
    )
    assert 'subscriber.last_name | default("friend")' in run.out
    for number in range(1, 13):
        rename(database, number, last_name="" if number == 7 else "Sample")
    assert "blank for 1 of 12 people" in mailer("check").out
    write_letter(project, body="Yours, {{ subscriber.last_name }}.", extra="audience: donors\n")
    assert mailer("check", "letter").code == 0, "somebody else lacks it, who does not get this"


def test_check_knows_segments_and_lists_without_a_database(run, folder):
    front = FRONT.replace("headline", "audience: donrs\nexclude: nws\nheadline")
    campaign(folder, front + "\nSome words to fill it up. " * 12)
    done = run("check", "bad")
    assert done.code == 3
    assert 'campaigns/bad.md:5: error: audience: there is no segment or list "donrs" [unknown-segment]' in done.out
    assert 'campaigns/bad.md:6: error: exclude: there is no segment or list "nws" [unknown-segment]' in done.out
    assert "There are: everyone" in done.out
    segments = folder / "subscribers" / "segments.yaml"
    segments.parent.mkdir(exist_ok=True)
    segments.write_text("donrs:\n  tag: donor\nnws:\n  tag: news\n")
    assert run("check", "bad").code == 0
    segments.write_text("donrs: [\n")
    broken = run("check", "bad")
    assert broken.code == 3
    assert "subscribers/segments.yaml:" in broken.out
    assert not (folder / "mailer.db").exists()


def test_render_as_anybody_known_mailable_or_not(mailer, people):
    done = mailer("render", "letter", "--as", "person2@example.org", "--format", "text")
    assert done.code == 0
    assert "would not be mailed" not in done.err
    assert mailer("suppress", "add", "person2@example.org", "--reason", "asked by telephone").code == 0
    again = mailer("render", "letter", "--as", "PERSON2@example.org", "--format", "text")
    assert again.code == 0
    assert again.out == done.out
    assert "would not be mailed" in again.err
    assert mailer("render", "letter", "--as", "stranger@example.org").code == 1


@pytest.mark.parametrize("kind", KINDS)
def test_new_passes_check_but_for_its_todos(run, folder, kind):
    slug = f"my-{kind.replace('_', '-')}"
    made = run("new", kind, slug)
    assert (made.code, made.out) == (0, f"campaigns/{slug}.md\n")
    assert f"Next: mailer check {slug}" in made.err
    assert f"mailer preview {slug}" in made.err
    (one,) = run("check", slug, "--json").document["campaigns"]
    # Where nothing was mailed yet, a digest has nothing to collect.
    assert {finding["rule"] for finding in one["findings"]} - {"digest-empty"} == {"placeholder"}
    content = (folder / "campaigns" / f"{slug}.md").read_text()
    assert one["errors"] == content.count("TODO:")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("articl", "x"), 1, 'Did you mean "article"?'),
        (("article", "Bad Name"), 2, "Small letters, digits and hyphens"),
        (("article", "letter"), 1, "campaigns/letter.md is there already."),
        (("nonsense", "x"), 1, "\n  article "),
        ((), 2, "Which kind? Write: new KIND SLUG"),
        (("article",), 2, "Which name? Write: new KIND SLUG"),
    ],
)
def test_new_refuses_with_a_way_out(run, folder, arguments, code, words):
    before = (folder / "campaigns" / "letter.md").read_bytes()
    done = run("new", *arguments)
    assert done.code == code
    assert words in done.err
    assert (folder / "campaigns" / "letter.md").read_bytes() == before


def test_new_lists_every_kind_with_a_line_of_its_own(run):
    for done in (run("new", "--help"), run("new")):
        lines = {
            line.split()[0]: line.split(maxsplit=1)[1]
            for line in (done.out + done.err).splitlines()
            if len(line.split()) > 1
        }
        assert set(KINDS) <= set(lines)
        assert lines["appeal"] == "Money is being raised."


def test_config_shows_where_a_value_came_from_and_never_a_secret(run):
    shown = run("config", "show", MAILER_SECRET_KEY="hush-hush-hush", MAILER_PROJECT__LANGUAGE="es",
                MAILER_SMTP_URL="smtp+starttls://me:pass-word@127.0.0.1:2525")  # fmt: skip
    assert shown.code == 0
    lines = dict(line.split(maxsplit=1) for line in shown.out.splitlines())
    assert lines["organisation.name"] == "Solidarity Network  (mailer.toml)"
    assert lines["project.language"] == "es  (MAILER_PROJECT__LANGUAGE)"
    assert lines["sending.lease_seconds"] == "60  (default)"
    assert lines["web.secret_key"].endswith("(MAILER_SECRET_KEY)")
    assert "hush" not in shown.out + shown.err
    assert "pass-word" not in shown.out + shown.err
    document = run("config", "show", "--json", MAILER_SECRET_KEY="hush-hush-hush").document
    assert {"name": "organisation.name", "value": "Solidarity Network", "origin": "mailer.toml"} in document["settings"]
    assert "hush" not in json.dumps(document)


def test_config_path_and_get(run, folder):
    assert run("config", "path").out == f"{folder}/mailer.toml\n"
    assert run("config", "get", "organisation.name").out == "Solidarity Network\n"
    assert run("config", "get", "sending.lease_seconds", "--json").document == {
        "name": "sending.lease_seconds", "value": 60, "origin": "default",
    }  # fmt: skip
    unknown = run("config", "get", "organisation.nam")
    assert unknown.code == 1
    assert 'Did you mean "organisation.name"?' in unknown.err


def test_config_schema_fits_what_the_program_reads(run, folder):
    done = run("config", "schema")
    assert stat.S_IMODE((folder / ".mailer").stat().st_mode) == 0o700
    assert done.code == 0
    written = [line for line in done.out.splitlines() if line]
    names = sorted(Path(path).name for path in written if Path(path).is_file())
    assert names == ["campaign.schema.json", "mailer.schema.json", "segments.schema.json"]
    document = run("config", "schema", "--stdout").document
    assert sorted(document) == ["campaign", "mailer", "segments"]
    assert document["campaign"]["properties"]["kind"]["enum"] == list(KINDS)
    appeal = document["campaign"]["definitions"]["Appeal"]
    assert "from" in appeal["properties"]
    assert appeal["additionalProperties"] is False
    assert set(appeal["required"]) == {"kind", "subject", "headline", "fund"}
    assert document["mailer"]["properties"]["sending"]["properties"]["in_doubt"] == {
        "enum": ["hold", "resend"],
        "default": "hold",
        "description": document["mailer"]["properties"]["sending"]["properties"]["in_doubt"]["description"],
    }
