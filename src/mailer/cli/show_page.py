"""Opens a page where a person sits before a screen; elsewhere its address stands on the terminal."""

import os
import sys

from mailer.cli.output import Output


def show_page(output: Output, address: str) -> None:
    """Open `address` in the person's browser, if there is one."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    if has_screen and output.interactive:
        import webbrowser

        webbrowser.open(address)
