import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from mailer.web import forms

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"


def part(name: str, value: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def read(*chunks: bytes, kind: str = URLENCODED, ends: bool = True):
    """The fields of a body that comes in `chunks`; without `ends` its sender then falls silent."""
    waiting = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    if ends:
        waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return waiting.pop(0) if waiting else await asyncio.sleep(60)

    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode())], "app": None}
    return dict(asyncio.run(forms.read_form(Request(scope, receive))))


def status(*chunks: bytes, **how) -> int:
    with pytest.raises(HTTPException) as refused:
        read(*chunks, **how)
    return refused.value.status_code


def test_both_encodings_say_the_same():
    assert read(b"List-Unsubscribe=One-Click") == {"List-Unsubscribe": "One-Click"}
    assert read(part("List-Unsubscribe", "One-Click") + b"--b--\r\n", kind=MULTIPART) == {
        "List-Unsubscribe": "One-Click"
    }


def test_a_body_may_come_in_any_pieces():
    assert read(*(bytes([octet]) for octet in b"action=leave&x=%C3%A9")) == {"action": "leave", "x": "é"}


def test_an_empty_body_has_no_fields():
    assert read() == {}
    assert read(kind="") == {}


def test_a_body_over_the_limit_is_not_read_to_its_end():
    assert status(b"a" * forms.LARGEST, b"a", ends=False) == 413


def test_a_sender_who_falls_silent_does_not_hold_the_line(monkeypatch):
    monkeypatch.setattr(forms, "_SECONDS", 0.05)
    assert status(b"action=", ends=False) == 408


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", URLENCODED),
        (b"&".join(b"a=%d" % number for number in range(101)), URLENCODED),
        (b"nonsense", MULTIPART),
        (b"x", "multipart/form-data"),
        (b"".join(part(f"f{number}", "x") for number in range(101)) + b"--b--\r\n", MULTIPART),
    ],
)
def test_what_is_no_form_is_400(body, kind):
    assert status(body, kind=kind) == 400


def test_a_file_is_no_answer():
    upload = b'--b\r\nContent-Disposition: form-data; name="action"; filename="leave"\r\n\r\nleave\r\n--b--\r\n'
    assert read(upload, kind=MULTIPART) == {}
