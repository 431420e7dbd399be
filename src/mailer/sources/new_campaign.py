"""What `mailer new` writes: a campaign of each kind that is whole but for its TODOs."""

from datetime import date

_HEAD = """\
---
kind: {kind}
subject: "TODO: what it is about, in under 60 characters"
preheader: "TODO: how the inbox goes on after the subject, in 40 to 110 characters"
headline: "TODO: the headline"
standfirst: "TODO: one or two sentences that sum it up"
"""
_FUND = """\
fund:
  name: "TODO: what the fund is called"
  target: 1000
  raised: 0
  as_of: {today}
  deadline: {deadline}
  donate_url: "https://www.example.org/donate"  # TODO: the page where people give
  asks: [5, 10, 25]
  if_over: "TODO: what happens with money beyond the target"
  if_under: "TODO: what happens if the target is missed"
"""
_PICTURE = """\
# A picture at the top: take the marks away and name a file beside this one.
# image:
#   src: images/picture.jpg
#   alt: "what it shows, for people who do not see it"
#   caption: "what it is"
#   credit: "who made it"
"""
_BODY = """\
---

Dear {{{{ subscriber.first_name | default("friend") }}}},

TODO: the first paragraph. Write as you would to one person whom you know. Leave an empty line between paragraphs; two
stars make words **bold**, and [words in brackets](https://www.example.org) with an address behind them make a link.

## TODO: a heading

TODO: the rest. A quotation stands in a block of its own:

{{% call quote(by="TODO: who says it", role="TODO: who that is") %}}
“TODO: their words, exactly.”
{{% endcall %}}
"""
_ASK = """
TODO: say once more what a gift does, and by when it is needed.
"""


def skeleton(kind: str, *, today: date, deadline: date) -> str:
    """The file of a new campaign of `kind`."""
    parts = {
        "article": (_HEAD, 'byline: "TODO: who wrote it"\n', _PICTURE, _BODY),
        "appeal": (_HEAD, _FUND, _PICTURE, _BODY, _ASK),
    }[kind]
    return "".join(parts).format(kind=kind, today=today.isoformat(), deadline=deadline.isoformat())
