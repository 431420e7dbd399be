"""Writes the tables of docs/smtp.md anew from `smtpd_outcomes`: python tests/smtp_page.py. A test compares."""

from pathlib import Path

from smtpd_outcomes import tables

PAGE = Path(__file__).parents[1] / "docs" / "smtp.md"
BEGIN, END = "<!-- made by tests/smtp_page.py -->\n\n", "\n<!-- until here -->\n"


def renewed(text: str) -> str:
    """`text` with the tables as they should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + tables() + END + after


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
