"""Whatever is logged, by whomever: no address, no password, no key to a subscription, and one JSON object a line."""

import ast
import io
import json
import logging
import re
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.cli import logs
from mailer.cli.logs import Lines, Objects, Scrubber

ROOT = Path(__file__).parents[3]
ADDRESS, PASSWORD, TOKEN = "ana.rivas@example.org", "corréct-horse", "AAAAAAMAAAAAAAAAB3Zk8x-_Qm1yT0kRrA"
HOOK = "https://hooks.example.org/services/T0000/B0000/secretsecret"
URL = f"smtp+starttls://mailer:{PASSWORD}@smtp.example.org:587"
DATABASE = "postgresql+psycopg://mailer:hunter2hunter2@db/mailer"
SCRUB = Scrubber([PASSWORD, HOOK, DATABASE, "hunter2hunter2"])
#: Values that a careless call might log.
PERSONAL = [
    ADDRESS,
    f"<{ADDRESS}>",
    URL,
    DATABASE,
    HOOK,
    f"https://mail.example.org/u/{TOKEN}",
    f"/v/{TOKEN}",
    PASSWORD,
]
NEVER = ("ana.rivas", PASSWORD, "hunter2", "secretsecret", TOKEN)


def calls():
    """(file:line, message) of every log call in the source."""
    found = []
    for path in sorted((ROOT / "src" / "mailer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("log", "logger") and node.args:
                constants = [one.value for one in node.args if isinstance(one, ast.Constant)]
                texts = [one for one in constants if isinstance(one, str)]
                found += [(f"{path.name}:{node.lineno}", text) for text in texts[:1]]
    return found


def record(message, *arguments, **options):
    return logging.LogRecord("mailer.test", logging.INFO, __file__, 1, message, arguments, options.get("exc_info"))


def formatted(made):
    return [Lines("worker 2", SCRUB).format(made), Objects("worker 2", SCRUB).format(made)]


@pytest.mark.parametrize(("place", "message"), calls(), ids=lambda value: value if ":" in value else "")
def test_no_log_call_of_ours_lets_anything_personal_out(place, message):
    fields = len(re.findall(r"%[sdf.\d]", message.replace("%%", "")))
    plain = re.sub(r"%[\d.]*[sdf]", "%s", message)
    assert fields or plain == message
    for value in PERSONAL:
        for text in formatted(record(plain, *[value] * plain.count("%s"))):
            assert not [one for one in NEVER if one in text], (place, text)


def test_there_are_calls_to_look_at():
    assert len(calls()) > 15


@given(st.lists(st.sampled_from([*PERSONAL, " ", "=", "\n", '"', "a", "@", "://", ";", "é"]), max_size=12))
def test_wherever_they_stand(parts):
    for text in formatted(record("%s", " ".join(parts))):
        assert not [one for one in NEVER if one in text]


@given(st.text())
def test_any_text_makes_one_line_that_is_an_object(text):
    line = Objects("web", SCRUB).format(record("%s", text))
    assert "\n" not in line
    told = json.loads(line)
    assert (told["level"], told["part"], told["logger"]) == ("info", "web", "mailer.test")


def test_an_event_has_its_fields_and_a_sentence_its_message():
    told = json.loads(
        Objects("worker 2", SCRUB).format(record("mailing paused: mailing=%d rate=%.1f by=%s", 3, 0.5, "x"))
    )
    assert (told["event"], told["mailing"], told["rate"], told["by"]) == ("mailing paused", 3, 0.5, "x")
    assert (told["part"], told["worker"]) == ("worker", 2)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["ts"])
    told = json.loads(Objects("", SCRUB).format(record("letter (3) is finished.")))
    assert (told["event"], told["message"]) == ("said", "letter (3) is finished.")
    assert "part" not in told


def test_no_field_takes_the_place_of_what_every_line_has():
    told = json.loads(Objects("web", SCRUB).format(record("x.y level=%s ts=%s part=%s", "none", "never", "other")))
    assert (told["level"], told["part"]) == ("info", "web")


def test_of_an_exception_stand_its_kind_and_place_and_not_its_words():
    try:
        int(f"{ADDRESS} {PASSWORD}")
    except ValueError:
        made = record("x.broke", exc_info=sys.exc_info())
    text, line = formatted(made)
    assert text == "worker 2: x.broke (ValueError)"
    told = json.loads(line)
    assert told["error"] == "ValueError"
    assert "test_logs.py" in told["trace"][0]
    assert not [one for one in NEVER if one in text + line]


def test_libraries_are_heard_only_when_something_is_wrong(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root, ours = logging.getLogger(), logging.getLogger("mailer")
    before = root.handlers[:], root.level, ours.level, sys.excepthook
    import threading

    hook = threading.excepthook
    try:
        logs.set_up("json", part="web", verbose=False, secrets=[PASSWORD])
        logging.getLogger("apscheduler.executors.default").info("running")
        logging.getLogger("another.package").error("cannot log in with %s", PASSWORD)
        logging.getLogger("mailer.web.guard").info("web.answered status=200")
        thread = threading.Thread(target={}.popitem)
        thread.start()
        thread.join()
    finally:
        root.handlers[:], sys.excepthook, threading.excepthook = before[0], before[3], hook
        root.setLevel(before[1])
        ours.setLevel(before[2])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["logger"] for one in lines] == ["another.package", "mailer.web.guard", "mailer.cli.logs"]
    assert lines[0]["message"] == "cannot log in with ***"
    assert (lines[2]["event"], lines[2]["error"]) == ("thread.broke", "KeyError")
