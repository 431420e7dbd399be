"""`init` asks seven questions on a terminal, takes an option for each elsewhere, and says what is still missing."""

import tomllib

import pytest

from sending_world import Commands
from terminal import Terminal

OPTIONS = [
    ("--name", "two\nlines"), ("--name", "bell \x07"), ("--name", "x" * 300), ("--from", "nobody"), ("--address", " "),
    ("--list", ""), ("--zone", "Europe/Londn"), ("--colour", "yellowish"), ("--public-url", "http://mail.example.org"),
]  # fmt: skip


@pytest.fixture
def mailer(tmp_path):
    return Commands(tmp_path)


def settings(folder):
    return tomllib.loads((folder / "mailer.toml").read_text(encoding="utf-8"))


def test_every_question_is_asked_until_its_answer_can_be_used(mailer, tmp_path):
    with Terminal(mailer, "init", "group") as terminal:
        terminal.answer("1/7", 'Ünïon "x" \\ {{ 7 * 7 }}')
        terminal.answer("2/7", "nobody")
        terminal.answer('"nobody" is no mail address', "hola@solidaridad.example")
        terminal.answer("3/7", "Jr. Ejemplo 1, Lima")
        terminal.answer("4/7", "Noticias y acción")
        terminal.answer("5/7", "lima")
        terminal.answer("Did you mean America/Lima?", "America/Lima")
        terminal.answer("6/7", "yellowish")
        terminal.answer("one of: red, orange", "teal")
        terminal.answer("7/7", "http://mail.example.org")
        terminal.answer("Http is only for this machine", "https://correo.solidaridad.example")
        assert terminal.code == 0
        assert "Still missing before you can mail real people" in terminal.seen
        assert "Next: cd group && mailer check" in terminal.seen
    read = settings(tmp_path / "group")
    assert read["organisation"]["name"] == 'Ünïon "x" \\ {{ 7 * 7 }}'
    assert read["organisation"]["from_address"] == "hola@solidaridad.example"
    assert read["organisation"]["postal_address"] == "Jr. Ejemplo 1, Lima"
    assert read["subscribers"]["default_list"] == "noticias-y-accion"
    assert read["subscribers"]["lists"]["noticias-y-accion"]["title"] == "Noticias y acción"
    assert read["project"]["timezone"] == "America/Lima"
    assert read["brand"]["accent"] == "#0f6b6b"
    assert read["web"]["public_url"] == "https://correo.solidaridad.example"
    checked = mailer("check", "--project", "group")
    assert (checked.code, checked.out) == (0, "")
    letter = mailer("render", "welcome", "--project", "group", "--format", "text").out
    assert 'Ünïon "x" \\ {{ 7 * 7 }}\nNoticias y acción\n' in letter


def test_enter_takes_every_default(mailer, tmp_path):
    mailer.environment["TZ"] = "Europe/Madrid"
    with Terminal(mailer, "init", "our-group") as terminal:
        for number in range(1, 8):
            terminal.answer(f"{number}/7", "")
        assert terminal.code == 0
        for default in ("Our group", "news@example.org", "News", "Europe/Madrid", "red", "not yet known"):
            assert f"[{default}]" in terminal.seen
    read = settings(tmp_path / "our-group")
    assert read["organisation"]["name"] == "Our group"
    assert read["project"]["timezone"] == "Europe/Madrid"
    assert read["brand"]["accent"] == "#b3261e"
    assert read["web"] == {}


def test_what_an_option_says_is_not_asked(mailer, tmp_path):
    arguments = [
        "--name",
        "A group",
        "--from",
        "a@example.org",
        "--address",
        "1 Street",
        "--list",
        "News",
        "--zone",
        "UTC",
    ]
    with Terminal(mailer, "init", "--bare", *arguments, "--colour", "blue") as terminal:
        terminal.answer("1/1", "")
        assert terminal.code == 0
    assert settings(tmp_path)["organisation"]["name"] == "A group"


@pytest.mark.parametrize("question", ["1/7", "7/7"])
def test_ctrl_c_leaves_nothing_behind(mailer, tmp_path, question):
    with Terminal(mailer, "init", "group") as terminal:
        for number in range(1, int(question[0])):
            terminal.answer(f"{number}/7", "")
        terminal.interrupt(question)
        assert terminal.code == 130
    assert list(tmp_path.iterdir()) == []


def test_ctrl_d_leaves_nothing_behind(mailer, tmp_path):
    with Terminal(mailer, "init", "group") as terminal:
        terminal.answer("1/7", "")
        terminal.answer("2/7", "\x04")
        assert terminal.code == 130
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_asked_where_it_could_not_be_made(mailer, tmp_path):
    (tmp_path / "mailer.toml").write_text("")
    with Terminal(mailer, "init") as terminal:
        assert terminal.code == 4
        assert "1/7" not in terminal.seen


def test_without_questions_the_defaults_are_taken_and_what_is_missing_is_said(mailer, tmp_path):
    with Terminal(mailer, "init", "--no-input", "a") as terminal:
        assert terminal.code == 0
        assert "1/7" not in terminal.seen
    made = mailer("init", "b", "--json")
    assert made.code == 0
    assert made.err == ""
    assert [gap["setting"] for gap in made.json["missing"]] == [
        "organisation.from_address", "organisation.postal_address", "web.public_url", "relays",
    ]  # fmt: skip
    assert made.json["adjusted"] == []
    shown = mailer("config", "show", "--json", "--project", "b")
    assert shown.json["missing"] == made.json["missing"]


def test_a_colour_that_does_not_read_is_said_at_once_and_found_by_check(mailer, tmp_path):
    made = mailer("init", "--colour", "fe4", "--json")
    (adjusted,) = made.json["adjusted"]
    assert (adjusted["token"], adjusted["wanted"], adjusted["ground"]) == ("accent", "#ffee44", "tint")
    shown = mailer("config", "show")
    assert f"brand.accent #ffee44 reads at 1.0:1 on the tint #f8f5f0, and 4.5:1 is needed: in the light it becomes {adjusted['became']}" in shown.err  # fmt: skip
    (tmp_path / "campaigns" / "second.md").write_bytes((tmp_path / "campaigns" / "welcome.md").read_bytes())
    checked = mailer("check")
    line = (tmp_path / "mailer.toml").read_text().splitlines().index('accent = "#ffee44"') + 1
    assert checked.code == 0
    assert checked.out.count("brand-contrast") == 1
    assert checked.out.startswith(f"mailer.toml:{line}: warning: brand.accent #ffee44")
    assert "2 campaigns: 0 errors, 1 warning." in checked.err
    assert mailer("check", "--strict").code == 3


@pytest.mark.parametrize(("option", "value"), OPTIONS)
def test_an_option_that_cannot_be_used_leaves_nothing_behind(mailer, tmp_path, option, value):
    done = mailer("init", "group", option, value, "--json")
    assert done.code == 2
    assert done.out == ""
    assert done.error["message"].startswith(f"{option}: ")
    assert done.error["hint"]
    assert list(tmp_path.iterdir()) == []


COMBINATIONS = [
    {"name": 'O\'Brien & "Söhne" \\ {{ 7 * 7 }} {% raw %} $name ---', "list": "everyone", "colour": "#ffffff"},
    {"name": "شبكة التضامن", "list": "أخبار", "zone": "Asia/Beirut", "colour": "#000"},
    {"name": "n" * 45 + " " + "m" * 44, "list": "Donors", "address": "#1 'Example' \\ Street", "colour": "pink"},
    {"public_url": "https://mail.solidarity.example", "from": "a@solidarity.example", "list": "London"},
]


@pytest.mark.parametrize("answers", COMBINATIONS, ids=["markup", "Arabic", "long", "shared names"])
def test_whatever_is_answered_the_project_checks_and_its_letter_says_so(mailer, tmp_path, answers):
    options = [part for name, answer in answers.items() for part in (f"--{name.replace('_', '-')}", answer)]
    made = mailer("init", *options, "--json")
    assert made.code == 0, made.err
    checked = mailer("check", "--json")
    found = [(one["rule"], one["severity"]) for one in checked.json["campaigns"][0]["findings"]]
    assert (checked.code, found) == (0, [("brand-contrast", "warning")] if answers.get("colour") == "#ffffff" else [])
    assert mailer("segment", "list").code == 0
    letter = mailer("render", "welcome", "--format", "text")
    for name in {"name", "list"} & answers.keys():
        assert answers[name] in letter.out.replace("\n", " ")


@pytest.mark.parametrize("folder", ["/proc/group", "file/group"])
def test_a_folder_where_nothing_can_be_made_says_why(mailer, tmp_path, folder):
    (tmp_path / "file").write_text("")
    done = mailer("init", folder)
    assert done.code == 1
    assert "cannot be made" in done.err
    assert "Choose a folder" in done.err
