from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.backends.smtp_replies import MAX_LINE, MAX_LINES, GarbledReply, Reply, ReplyParser

TEXT = st.binary(max_size=60).filter(lambda text: b"\n" not in text and not text.endswith(b"\r"))
REPLIES = st.lists(
    st.builds(Reply, st.integers(200, 599), st.lists(TEXT, min_size=1, max_size=5).map(tuple)), min_size=1, max_size=6
)


def on_the_wire(reply):
    last = len(reply.raw)
    return b"".join(
        b"%d%c%b\r\n" % (reply.code, b" " if number == last else b"-", line) for number, line in enumerate(reply.raw, 1)
    )


def parse(*pieces):
    parser, found = ReplyParser(), []
    for piece in pieces:
        parser.feed(piece)
        while (reply := parser.next()) is not None:
            found.append(reply)
    return found


@given(REPLIES, st.data())
def test_the_same_replies_however_the_bytes_are_cut(replies, data):
    raw = b"".join(map(on_the_wire, replies))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=8)))
    pieces = [raw[start:end] for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True)]
    assert parse(*pieces) == replies
    assert parse(*(bytes([byte]) for byte in raw)) == replies


@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([b"250 ok\r\n", b"250-", b"\r\n", b"354 ", b"\n"]))))
def test_whatever_comes_is_a_reply_or_garbled(pieces):
    """Either way it can stand on somebody's terminal."""
    said = []
    try:
        for reply in parse(*pieces):
            assert 200 <= reply.code < 600
            said.append(str(reply))
    except GarbledReply as error:
        said.append(str(error))
    assert all(text.isprintable() for text in said)


@pytest.mark.parametrize(
    "line",
    [b"banana", b"", b"25", b"2500 four digits", b"150 first digit", b"650 first digit", b"250:ok", b" 250 ok", b"\xb2\xb5\xb0 ok"],
)  # fmt: skip
def test_what_is_no_reply(line):
    with pytest.raises(GarbledReply, match="no SMTP reply"):
        parse(line + b"\r\n")


def test_lenient_where_relays_are():
    assert parse(b"250\r\n", b"250 bare feed\n", b"250 \r\n") == [
        Reply(250, (b"",)),
        Reply(250, (b"bare feed",)),
        Reply(250, (b"",)),
    ]


def test_lines_of_one_reply_agree():
    with pytest.raises(GarbledReply, match="250 and 550 in one reply"):
        parse(b"250-yes\r\n550 no\r\n")


def test_neither_lines_nor_replies_grow_without_end():
    with pytest.raises(GarbledReply, match="a line that does not end"):
        parse(*[b"250 " + b"x" * 5000] * 20)
    with pytest.raises(GarbledReply, match=f"more than {MAX_LINES} lines"):
        parse(*[b"250-more\r\n"] * (MAX_LINES + 1))
    assert len(parse(*[b"250-more\r\n"] * (MAX_LINES - 1), b"250 done\r\n")) == 1


@given(st.lists(st.integers(1, 9000), max_size=6))
def test_a_long_line_is_cut_and_its_code_counts(cuts):
    raw = b"250-" + b"x" * 5000 + b"\r\n250 " + b"y" * 9000 + b"\r\n354 go\r\n"
    places = sorted({0, len(raw), *cuts})
    pieces = [raw[start:end] for start, end in pairwise(places)]
    room = MAX_LINE - len("250-")
    assert parse(*pieces) == [Reply(250, (b"x" * room, b"y" * room)), Reply(354, (b"go",))]


def test_what_is_kept_of_an_unfinished_line_does_not_grow():
    parser = ReplyParser()
    for _ in range(50):
        parser.feed(b"250 " + b"x" * 1000)
        assert parser.next() is None
        assert not parser.idle
        assert len(parser._buffer) <= MAX_LINE + 1004
    parser.feed(b"\r\n")
    assert parser.next().code == 250
    assert parser.idle


def test_idle_means_that_nothing_is_left_over():
    parser = ReplyParser()
    assert parser.idle
    parser.feed(b"220 go\r\n2")
    assert parser.next() == Reply(220, (b"go",))
    assert not parser.idle
    parser.feed(b"50-x\r\n")
    assert parser.next() is None
    assert not parser.idle


@pytest.mark.parametrize(
    ("code", "lines", "enhanced", "text"),
    [
        (550, ["5.1.1 no such person"], "5.1.1", "no such person"),
        (250, ["2.0.0"], "2.0.0", ""),
        (550, ["5.7.26 first", "5.7.26 second"], "5.7.26", "first second"),
        (550, ["5.1.10  null MX"], "5.1.10", "null MX"),
        (450, ["5.1.1 contradicts"], "", "5.1.1 contradicts"),  # RFC 2034 §4
        (354, ["go on"], "", "go on"),
        (550, ["5.1 is none"], "", "5.1 is none"),
        (550, ["5.1.1234 is none"], "", "5.1.1234 is none"),
        (550, ["the user 5.1.1"], "", "the user 5.1.1"),
        (250, ["", "  ", "late"], "", "late"),
    ],
)
def test_enhanced_status_and_text(code, lines, enhanced, text):
    reply = Reply(code, tuple(line.encode() for line in lines))
    assert (reply.enhanced, reply.text) == (enhanced, text)


def test_control_characters_and_bad_encoding_never_reach_a_terminal():
    (reply,) = parse(b"550 \x1b[2Jgone\x00 \xff\xfe caf\xc3\xa9 \xe2\x80\xae\r\n")
    assert reply.text == "?[2Jgone? \ufffd\ufffd café ?"


def test_a_long_answer_is_cut_where_it_is_stored():
    (reply,) = parse(b"550-" + b"x" * 2000 + b"\r\n550 y\r\n")
    assert len(reply.text) == 1000


STATUS = st.sampled_from([b"2.0.0 ", b"2.0.0", b"5.1.1 ", b"2.0.0  ", b"2.0.0\t", b"", b" "])


@given(st.integers(200, 599), STATUS, st.one_of(TEXT, st.sampled_from([b"Ok: queued as 4F1A", b"Ok ", b""])))
def test_what_is_told_is_status_and_text_by_whatever_way(code, status, text):
    reply = Reply(code, (status + text,))
    assert reply.told == (reply.enhanced, reply.text)


YES = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 End data with <CR><LF>.<CR><LF>\r\n"


def test_a_yes_to_a_whole_envelope_is_taken_at_once():
    parser = ReplyParser()
    parser.feed(YES + b"250 2.0.0 Ok\r\n")
    assert parser.agreed()
    assert parser.next() == Reply(250, (b"2.0.0 Ok",))
    assert parser.idle


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        YES[:-1],
        YES.replace(b"250 2.1.5", b"550 5.1.1"),
        YES.replace(b"354", b"250"),
        YES.replace(b"250 2.1.0", b"421 4.3.2"),
        b"250-first\r\n" + YES,
        b"250 \xff\r\n" * 3,
        b"\r\n" + YES,
    ],
)
def test_what_is_no_plain_yes_is_left_for_the_parser(raw):
    parser = ReplyParser()
    parser.feed(raw)
    assert not parser.agreed()
    assert parser.idle is not bool(raw)


def test_a_yes_does_not_begin_in_the_middle_of_a_reply():
    parser = ReplyParser()
    parser.feed(b"250-first\r\n")
    assert parser.next() is None
    parser.feed(YES)
    assert not parser.agreed()
