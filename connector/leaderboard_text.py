"""The leaderboard as text: Markdown, CSV and rows for a terminal. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from judges.standings.leaderboard import Leaderboard, Standing

COLUMNS = (
    "challenger",
    "win rate",
    "95 % interval",
    "w/t/l",
    "unread",
    "agree",
    "$/1k",
    "p50 s",
    "p95 s",
    "turns",
)


def rows(leaderboard: Leaderboard) -> list[tuple[str, ...]]:
    """Return one row of cells per standing, under `COLUMNS`; what is unknown is a dash."""
    return [_cells(standing) for standing in leaderboard.standings]


def markdown(leaderboard: Leaderboard) -> str:
    """Return a Markdown table with what it rests on."""
    lines = [_line(COLUMNS), _line(["---"] * len(COLUMNS)), *(_line(row) for row in rows(leaderboard))]
    return "\n".join([f"### {title(leaderboard)}", "", *lines, "", *footnotes(leaderboard)])


def as_csv(leaderboard: Leaderboard) -> str:
    """Return all figures with their full precision, one line per standing."""
    fields = list(Standing.model_fields)
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=fields, lineterminator="\n")
    writer.writeheader()
    writer.writerows(standing.model_dump(mode="json") for standing in leaderboard.standings)
    return text.getvalue()


def title(leaderboard: Leaderboard) -> str:
    """Name the leaderboard by its epoch."""
    return f"Understudy leaderboard {leaderboard.epoch or 'of all epochs'}"


def footnotes(leaderboard: Leaderboard) -> list[str]:
    """Say what the figures are, and what they are not."""
    notes = [
        f"Judge {leaderboard.judge}.",
        "Win rate against production's own answers, on the scale of sevenths (1, 6/7, 1/2, 1/7, 0): mean of",
        f"two rounds with swapped seats. The {100 * leaderboard.level:.0f} % interval resamples conversations.",
        "$/1k is the cost of 1,000 turns.",
    ]
    controls = [standing for standing in leaderboard.standings if standing.control]
    notes += [f"{row.challenger} is production's own model replayed: its row is the noise floor." for row in controls]
    for row in leaderboard.standings:
        if row.unreadable or row.failed:
            notes.append(f"{row.challenger}: {row.unreadable} unreadable and {row.failed} failed are in no average.")
    return notes


def _cells(row: Standing) -> tuple[str, ...]:
    name = f"{row.challenger} (control)" if row.control else row.challenger
    if row.baseline:
        blank = ("50.0 %", "—", "—", "—", "—")
        return (name, *blank, _money(row), _figure(row.p50_latency_s), _figure(row.p95_latency_s), "—")
    return (
        name,
        _percent(row.win_rate),
        "—" if row.low is None or row.high is None else f"{100 * row.low:.1f} … {100 * row.high:.1f}",
        f"{row.wins}/{row.ties}/{row.losses}",
        str(row.unreadable),
        _percent(row.round_agreement),
        _money(row),
        _figure(row.p50_latency_s),
        _figure(row.p95_latency_s),
        str(row.turns),
    )


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f} %"


def _figure(value: float | None) -> str:
    return "—" if value is None else f"{value:.2f}"


def _money(row: Standing) -> str:
    return "—" if row.cost_per_1000_turns_usd is None else f"{row.cost_per_1000_turns_usd:.4g}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
