"""What production, providers and people wrote reaches the terminal as words."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.cells import cell_len
from rich.panel import Panel
from rich.text import Text

from connector.commands._common import table
from connector.commands._terminal import Terminal

HOSTILE = "vip\x1b[2J\x1b]0;owned\x07\x9b31m [/b] [red]:smile:"
SHOWN = "vip[2J]0;owned31m [/b] [red]:smile:"


def printed(*what: object, terminal: bool = False) -> str:
    """Return what arrives on a terminal of 80 columns, or in a pipe."""
    file = StringIO()
    Terminal(file=file, width=80, force_terminal=terminal, color_system="256" if terminal else None).print(*what)
    return file.getvalue()


@pytest.mark.parametrize("what", [HOSTILE, Text(HOSTILE), Panel(Text(HOSTILE)), table("", ("tag",), [(HOSTILE,)])])
def test_no_text_commands_the_terminal(what: object) -> None:
    """Clearing the screen, naming the window, colours and markup: of each only the letters are left."""
    found = printed(what)
    assert SHOWN in found
    assert not any(sign != "\n" and not sign.isprintable() for sign in found)


def test_a_hint_that_names_a_table_names_it() -> None:
    """A word in brackets is a word, and not a style that nobody knows."""
    assert printed("hint: limit answers by `output_tokens` in [budget]") == (
        "hint: limit answers by `output_tokens` in [budget]\n"
    )


def test_our_own_colours_stay() -> None:
    """What the program styles itself still arrives as the terminal's commands."""
    assert printed(Text("bold", style="bold"), terminal=True) == "\x1b[1mbold\x1b[0m\n"


def test_columns_stay_in_line() -> None:
    """Beside a cell whose control characters are gone the next column begins where it does in every row."""
    rows = [line for line in printed(table("", ("tag", "count"), [(HOSTILE, "7"), ("a", "8")])).splitlines() if line]
    assert {cell_len(line.rstrip()) for line in rows} == {cell_len(SHOWN) + 2 + len("count")}
