"""No value changes the structure of a block: neither one that a person brings, nor one that an author writes in a field.

Every block of templates/blocks is here, or the first test fails. The structure is that of the finished mail, as Outlook
reads it and as all others do.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from compiling import ANA, around, mail
from hostile import HOSTILE
from mailer.rendering.compile import compile_campaign
from mailer.sources.campaign_files import parse_campaign
from outlook import badly_marked, badly_nested, for_others, for_outlook

BLOCKS = Path(__file__).parents[3] / "templates" / "blocks"
#: All at once, for an author's fields: a compilation takes longer than a message.
NASTY = (
    "O'Brien <b>bold</b> --> <!--[if mso]><td><![endif]--> ]]></script></title></style> "
    '" onmouseover="alert(1)" style=\'x\' \\ 100% &amp; &#60; </td></tr></table> 👩‍👩‍👧 محمد *a* [b](c)'
)
PLAIN = "Plain words"
WHO = 'subscriber.first_name | default("x")'


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """kind: of the campaign that can show it. call: with a person's values wherever the block takes some."""

    call: str
    kind: str = "article"


CASES = {
    "asks": Case(call="{{ asks() }}", kind="appeal"),
    "button": Case(call=f'{{{{ button(label="For " ~ ({WHO}), url="https://www.example.org/?who=" ~ ({WHO})) }}}}'),
    "demands": Case(call="{{ demands() }}", kind="petition"),
    "divider": Case(call="---"),
    "figure": Case(
        call=f'{{{{ figure(src="p.png", alt="For " ~ ({WHO}), caption="By " ~ ({WHO}), credit={WHO}, link="https://www.example.org/" ~ ({WHO})) }}}}'
    ),
    "prose": Case(
        call=f"## For {{{{ {WHO} }}}}\n\n- one *{{{{ {WHO} }}}}*\n\n[here](https://www.example.org/?q={{{{ {WHO} }}}})"
    ),
    "quote": Case(call=f"{{% call quote(by={WHO}, role={WHO}) %}}\nWords of **{{{{ {WHO} }}}}**.\n{{% endcall %}}"),
    "share_offer": Case(call="{{ share_offer() }}", kind="appeal"),
    "signatures": Case(call="{{ signatures() }}", kind="petition"),
    "speakers": Case(
        call=f'{{{{ speakers(title={WHO}, people=[{{"name": {WHO}, "role": {WHO}, "organisation": {WHO}, "medium": {WHO}}}]) }}}}'
    ),
    "statement": Case(call="{{ statement() }}", kind="petition"),
    "thermometer": Case(call="{{ thermometer() }}", kind="appeal"),
    "timetable": Case(
        call=f'{{{{ timetable(title={WHO}, sessions=[{{"at": "09:30", "title": {WHO}, "chair": {{"name": {WHO}}}}}]) }}}}'
    ),
    "video": Case(
        call=f'{{{{ video(title={WHO}, url="https://www.example.org/?v=" ~ ({WHO}), length={WHO}, src="p.png", alt={WHO}, credit={WHO}) }}}}'
    ),
}


def fields(kind: str, word: str) -> str:
    """Front matter with `word` in every text that is printed as it stands; standfirst and notes are Markdown, as bodies."""
    common = {"kicker": word, "byline": word}
    own = {
        "article": {},
        "appeal": {
            "fund": {"name": word, "target": 18000, "raised": 11791, "as_of": "2024-11-22", "deadline": "2024-11-30",
                     "donate_url": "https://www.example.org/give", "asks": [5, 10], "if_over": word, "if_under": word},
            "share_offer": {"society": word, "what": word, "risk": word, "url": "https://www.example.org/shares"},
        },
        "petition": {
            "petition": {"title": word, "target": word, "statement": f"{word}\n\n{word}", "demands": [word, word],
                         "sign_url": "https://www.example.org/sign", "signed": 1204, "goal": 2000,
                         "as_of": "2024-11-21", "deadline": "2024-12-10", "consent_note": word},
        },
    }  # fmt: skip
    return "".join(
        f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in {**common, **own[kind]}.items()
    )


def edition(root, name: str, word: str = PLAIN):
    """The block on its own and under a condition on the person."""
    case = CASES[name]
    (root / "campaigns").mkdir(exist_ok=True)
    Image.new("RGB", (900, 300), "red").save(root / "campaigns" / "p.png")
    body = f"Before.\n\n{case.call}\n\n{{% if subscriber.first_name %}}\n\n{case.call}\n\n{{% endif %}}\n\nAfter.\n"
    front = f"kind: {case.kind}\nsubject: A subject\nheadline: {json.dumps(word, ensure_ascii=False)}\n{fields(case.kind, word)}"
    file = parse_campaign(f"---\n{front}---\n{body}".encode(), slug="c", root=root)
    return compile_campaign(file, around(root)).edition


def structure(html: str) -> list[tuple[str, list[str]]]:
    """Every tag, with the names of its attributes, as they follow each other; conditional marks too."""
    found = re.findall(r"""<(!--\[if[^\]]*\]|!\[endif\]|/?[a-zA-Z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>""", html)
    return [(tag, re.findall(r"""([\w:-]+)=(?:"[^"]*"|'[^']*')""", rest)) for tag, rest in found]


def sound(html: str) -> bool:
    return not (badly_marked(html) or badly_nested(for_outlook(html)) or badly_nested(for_others(html)))


def test_every_block_is_here():
    assert {path.stem for path in BLOCKS.glob("*.mjml")} == CASES.keys()


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if WHO in case.call])
def test_no_person_changes_the_structure(name, tmp_path):
    made = edition(tmp_path, name)
    benign = mail(made, ANA).html
    assert sound(benign)
    expected = structure(benign)
    changing = [
        what
        for what, value in HOSTILE.items()
        if value.strip() and structure(mail(made, ANA | {"first_name": value}).html) != expected
    ]
    assert changing == []


@pytest.mark.parametrize("name", CASES)
def test_no_field_changes_the_structure(name, tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "nasty").mkdir()
    plain = mail(edition(tmp_path / "plain", name, PLAIN))
    nasty = mail(edition(tmp_path / "nasty", name, NASTY))
    assert structure(nasty.html) == structure(plain.html)
    assert sound(nasty.html)
    # Headings of a rank are in capitals in the text part.
    assert times(NASTY, nasty.text) == times(PLAIN, plain.text) > 0


def times(words: str, text: str) -> int:
    return " ".join(text.split()).casefold().count(words.casefold())
