"""What `understudy leaderboard` prints, rendered as a terminal would."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from rich.console import Console

from connector.commands._leaderboard_table import print_fields, print_leaderboard, print_whole
from connector.leaderboard_text.fitting import GAP, fitted
from connector.leaderboard_text.main_table import main_table
from connector.leaderboard_text.sheets import Sheet
from connector.leaderboard_text.whole import further_tables
from judges.standings.leaderboard import Leaderboard
from tests.boards import FULL, UNKNOWN, crowded, long_name

BOARDS = {"full": FULL, "unknown": UNKNOWN, "crowded": crowded()}


def printed(how: Callable[[Console], None], *, width: int = 100, colour: bool = False) -> str:
    """Return what is printed on a console that is so wide."""
    file = io.StringIO()
    how(Console(file=file, width=width, highlight=False, force_terminal=colour, color_system="256" if colour else None))
    return file.getvalue()


def whole(board: Leaderboard, *, colour: bool = False) -> str:
    """Return everything that is printed of a leaderboard."""
    return printed(lambda console: print_whole(console, board), colour=colour)


def lines_of(sheet: Sheet) -> list[str]:
    """Return the lines of a table of which no cell is folded: names to the left, figures to the right."""
    rows = [sheet.columns, *([cell.text for cell in row] for row in sheet.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        (" " * GAP)
        .join(
            text.ljust(width) if at < sheet.names else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        .rstrip()
        for row in rows
    ]


@pytest.mark.parametrize("name", BOARDS)
def test_no_line_is_too_long_and_no_cell_is_folded(name: str) -> None:
    """Twenty challengers with the longest names and large figures keep to 100 columns, every row on one line."""
    board = BOARDS[name]
    shown = [line.rstrip() for line in whole(board).splitlines()]
    assert max(map(len, shown)) <= 100
    for sheet in (main_table(board), *further_tables(board)):
        expected = lines_of(fitted(sheet, 100))
        at = shown.index(sheet.title)
        assert shown[at + 1 : at + 1 + len(expected)] == expected


def test_tables_come_in_the_order_of_the_questions() -> None:
    """From who wins to whom to take, every table once."""
    text = whole(FULL)
    titles = [sheet.title for sheet in further_tables(FULL)]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert [title.split(" ")[0] for title in titles] == (
        [
            "How",
            "How",
            "Quality",
            "What",
            "Do",
            "Are",
            "What",
            "What",
            "Who",
            "Head",
            "By",
            "By",
            "What",
            "What",
            "What",
            "Whom",
        ]
    )


def test_empty_tables_are_left_out() -> None:
    """Of a leaderboard of which nothing is known, only the main table is shown."""
    assert list(further_tables(UNKNOWN)) == []
    assert "nobody: nothing has been judged." in whole(UNKNOWN)


def test_brief_is_a_part_of_the_whole() -> None:
    """`--brief` leaves the advice out as well; what `once` prints has it; both warn."""
    brief = printed(lambda console: print_leaderboard(console, FULL, sayings=False))
    advised = printed(lambda console: print_leaderboard(console, FULL))
    assert "switching is" not in brief
    assert "rival: as good within 2 points at 38 % of the cost" in advised
    assert "rests on 118 conversations" in advised
    for text in (brief, advised, whole(FULL)):
        assert "! UNTRUSTED JUDGE claude-opus-4-5" in text
        assert "! BROKEN TOOL CALLS of rival: 12.5 % of 480 (12.1 % truncated" in text
        assert "comparability hash 0123456789ab" in text


def test_colour_says_nothing_that_the_text_does_not() -> None:
    """Without colour, what was bold, red or dim still bears its mark."""
    plain, coloured = whole(FULL), whole(FULL, colour=True)
    assert "\x1b[1;31m12.1 % (58) !" in coloured
    assert "\x1b[" not in plain
    for marked in ("12.1 % (58) !", "UNTRUSTED !", "+6.2*", "31.0 %*", "4/3~", "+5.2 ±3.0 !", "replayed †"):
        assert marked in plain


def test_heat_maps_are_coloured_around_one_half() -> None:
    """What is far above or below one half has a colour; what is close to it has none."""
    text = whole(FULL, colour=True)
    assert re.search(r"\x1b\[30;42m *68\.0", text)
    assert re.search(r"\x1b\[30;101m *37\.5", text)
    assert "m50.0\x1b" not in text.split("What does each judge give?")[1].split("What would change")[0]


def test_names_are_no_markup() -> None:
    """A challenger may be called `[red]`."""
    odd = UNKNOWN.model_copy(
        update={"standings": tuple(row.model_copy(update={"challenger": "[red]"}) for row in UNKNOWN.standings[1:])}
    )
    assert "[red]: nothing has been judged." in whole(odd)


def test_full_names_stand_in_the_advice() -> None:
    """Where the table has to shorten a name, the sentence says it in full, and no two look alike."""
    text = whole(BOARDS["crowded"])
    assert all(f"{long_name(number)}: as good" in text for number in range(20))
    names = [row[0].text for row in fitted(main_table(BOARDS["crowded"]), 100).rows]
    assert len(set(names)) == 21


def test_every_field_is_printed() -> None:
    """`--fields` keeps each path on one line, with its type."""
    text = printed(print_fields)
    assert "standings[].cost_per_1000_turns_usd  number or null (USD)" in text
    assert "judges[].agreement.agreement_interval.low  number" in text
