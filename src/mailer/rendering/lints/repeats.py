"""Rules about what is written in two places: quotation marks in pairs, sentences once, names always the same way."""

import re
from collections.abc import Iterator
from itertools import combinations, pairwise

from mailer.rendering.lints.rule import Found, Material, warning

_SENTENCE = re.compile(r"[^.!?…]+[.!?…]+[”’\"']?")
#: Shorter ones are repeated on purpose: "Sign now." "They came back."
_LONG_SENTENCE = 8
#: Two capitalised words, with what may stand between a Christian name and a surname; pairs overlap.
_NAME = re.compile(r"\b(?=([A-ZÀ-ÖØ-Þ][\w-]+) (?:(?:da|de|del|dos|la|van|von) )?([A-ZÀ-ÖØ-Þ][\w-]+))")
_SHORT_NAME = 5


@warning("unbalanced-quotes", "a quotation that is opened and never closed, or closed and never opened")
def unbalanced_quotes(material: Material) -> Iterator[Found]:
    paragraphs = [*material.paragraphs, (0, "")]
    for (line, words), (_, following) in pairwise(paragraphs):
        open_marks = 0
        for mark in re.findall("[“”]", words):
            open_marks += 1 if mark == "“" else -1
            if open_marks < 0:
                break
        # A quotation of several paragraphs is opened in each and closed in the last.
        if open_marks == 1 and following.lstrip("> *_").startswith("“"):
            continue
        if open_marks > 0:
            yield Found(line=line, message="a quotation is opened here and never closed", hint="write ” where it ends")
        elif open_marks < 0:
            yield Found(
                line=line, message="a quotation is closed here that was not opened", hint="write “ where it begins"
            )
        elif "“" not in words and re.sub(r"\]\([^)]*\)", "", words).count('"') % 2:
            yield Found(line=line, message="an odd number of quotation marks", hint="write “ and ”")


@warning("repeated-sentence", "the same sentence twice: a quotation that was typed, not taken over by `pull_quote`")
def repeated_sentence(material: Material) -> Iterator[Found]:
    written = [(line, text) for line, name, text in material.fields if name in ("standfirst", "author_note")]
    first: dict[str, int | None] = {}
    for line, words in [*written, *material.paragraphs]:
        sentences = (one.rpartition("“")[2] for one in _SENTENCE.findall(words))
        here = {" ".join(re.findall(r"\w+", one)).lower(): one for one in sentences}
        for core, sentence in here.items():
            if core.count(" ") + 1 >= _LONG_SENTENCE and first.setdefault(core, line) != line:
                shown = " ".join(sentence.split()[:5]).strip("“”\"' ")
                yield Found(
                    line=line, message=f"“{shown} …” stands in line {first[core]} already",
                    hint="delete one; `pull_quote` takes its words from the body",
                )  # fmt: skip


@warning("name-spelling", "a person's name that is spelled in two ways")
def name_spelling(material: Material) -> Iterator[Found]:
    if material.file.campaign.kind == "event_report":
        return  # `speaker-name` knows from the list of speakers which spelling is right
    seen: dict[tuple[str, str], int | None] = {}
    for line, words in sorted(material.words, key=lambda one: one[0] or 0):
        for name in _NAME.findall(words):
            seen.setdefault(name, line)
    for first, second in combinations(seen, 2):
        different = [(one, other) for one, other in zip(first, second, strict=True) if one != other]
        if len(different) == 1 and _one_slip(*different[0]):
            message = f'"{" ".join(second)}" is spelled "{" ".join(first)}" in line {seen[first]}'
            yield Found(line=seen[second], message=message, hint="spell it one way")


def _one_slip(one: str, other: str) -> bool:
    """Whether two words differ in one letter that is left out, added, changed or moved."""
    shorter, longer = sorted((one, other), key=len)
    # Peruvian and Peruvians, America and American are different words.
    if len(shorter) < _SHORT_NAME or longer.lower().startswith(shorter.lower()):
        return False
    start = next(place for place, pair in enumerate(zip(shorter, longer, strict=False)) if pair[0] != pair[1])
    if len(shorter) < len(longer):
        return shorter[start:] == longer[start + 1 :]
    moved = shorter[start : start + 2] == longer[start : start + 2][::-1]
    return shorter[start + 1 :] == longer[start + 1 :] or (moved and shorter[start + 2 :] == longer[start + 2 :])


RULES = (unbalanced_quotes, repeated_sentence, name_spelling)
