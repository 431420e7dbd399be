"""axe-core in a tab: what a judge of accessibility says of a page, on every screen."""

import json
from collections.abc import Sequence

import official
from chromium import Screen, Tab

SCREENS = [Screen(width=width, dark=dark) for width in (375, 700) for dark in (False, True)]
#: Both widths and both schemes, for what is drawn by fewer rules than mail.
TWO_SCREENS = [Screen(width=375, dark=True), Screen(width=700)]
#: About pages in a window, which a mail is not: that all of it stands in landmarks, and that one is the main one.
OF_WINDOWS = ("landmark-one-main", "region")


def findings(tab: Tab, *, screens: Sequence[Screen] = SCREENS, off: Sequence[str] = ()) -> list[str]:
    """Each finding about the page that is open: the screen, the rule, where, and what is wrong. off: rules not asked."""
    options = {
        "rules": {rule: {"enabled": False} for rule in off},
        "resultTypes": ["violations"],
        "iframes": False,  # what a frame shows is judged by itself
    }
    tab.run(official.AXE.read_text(encoding="utf-8") + "\n;0")
    found = []
    for screen in screens:
        tab.resize(screen)
        for violation in tab.run(f"axe.run({json.dumps(options)})")["violations"]:
            places = [" ".join((node["html"][:160], node["failureSummary"])) for node in violation["nodes"][:3]]
            found.append("\n".join([f"{screen.name} {violation['id']}: {violation['help']}", *places]))
    return found
