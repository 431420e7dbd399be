"""What Outlook for Windows makes of a mail, and what all others do: conditional comments are taken as each takes them.

Word-based Outlook reads `<!--[if mso]>…<![endif]-->` as markup and passes over `<!--[if !mso]><!-->…<!--<![endif]-->`;
everybody else sees a comment in the first and markup in the second. (They are described in Microsoft's "About
conditional comments"; no browser has read them since Internet Explorer 9.)
"""

import re

#: A downlevel-hidden region: a comment to everybody but Outlook.
_FOR_OUTLOOK = re.compile(r"<!--\[if ([^\]!]+)\]>(.*?)<!\[endif\]-->", re.DOTALL)
#: A downlevel-revealed one: markup to everybody but Outlook.
_FOR_OTHERS = re.compile(r"<!--\[if !([^\]]+)\]><!-->(.*?)<!--<!\[endif\]-->", re.DOTALL)
_MARK = re.compile(r"<!--\[if|<!\[endif\]")
_TAG = re.compile(r"""<(/?)([a-zA-Z][\w:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*?)(/?)>""")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_RAW = re.compile(r"<(style|title|script)\b[^>]*>.*?</\1>", re.DOTALL)
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)


def for_outlook(html: str) -> str:
    """The document that Outlook reads."""
    return _COMMENT.sub("", _FOR_OUTLOOK.sub(r"\2", _FOR_OTHERS.sub("", html)))


def for_others(html: str) -> str:
    """The document that everybody else reads."""
    return _COMMENT.sub("", _FOR_OTHERS.sub(r"\2", html))


def conditions(html: str) -> list[str]:
    """The condition of every region, in order."""
    return [match[1] for match in re.finditer(r"<!--\[if ([^\]]+)\]>", html)]


def badly_marked(html: str) -> list[str]:
    """Conditional marks that belong to no region: one that is not closed, or opened within another."""
    left = _FOR_OUTLOOK.sub(_nested, _FOR_OTHERS.sub(_nested, html))
    return [left[match.start() : match.start() + 60] for match in _MARK.finditer(left)]


def _nested(match: re.Match[str]) -> str:
    return "<!--[if inside" if "<!--" in match[2] and match[0].startswith("<!--[if m") else ""


def badly_nested(document: str) -> list[str]:
    """Tags of a document (without comments) that close what is not open, or are never closed.

    HTML would let some end tags be left out; our serialiser and MJML write all of them, and Outlook needs a table's.
    """
    problems: list[str] = []
    open_tags: list[str] = []
    for closing, name, _, itself in _TAG.findall(_RAW.sub("", document)):
        if name.lower() in _VOID or itself:
            continue
        if not closing:
            open_tags.append(name)
        elif open_tags and open_tags[-1] == name:
            open_tags.pop()
        else:
            problems.append(f"</{name}> in {' > '.join(open_tags[-6:])}")
            if name in open_tags:
                while open_tags.pop() != name:
                    pass
    return problems + [f"<{name}> is not closed" for name in open_tags]
