"""How one trace was read, in a terminal: the tree of its observations, that of its messages, and its turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from connector.commands._message_lines import print_messages
from connector.drawing import Drawing, DrawnObservation, DrawnTurn
from connector.message_tree import beginning
from connector.traces import Use
from connector.types import Fate

_DEEPEST = 12
"""Levels that fit into 100 columns; what lies deeper is drawn on the last of them."""
_ANSWER = 32
"""Characters of an answer that leave room for its fate."""
_COLOURS = {Use.CALL: "green", Use.COPY: "cyan", Use.CONTEXT: "cyan", Use.LOST: "red", Use.ASIDE: "dim"}
_ENDED = {Fate.CHALLENGED: "green", Fate.UNREADABLE: "red", Fate.FAILED: "red", Fate.UNREPLAYABLE: "yellow"}


def print_drawing(console: Console, drawing: Drawing) -> None:
    """Print all of it."""
    console.print(_head(drawing))
    console.print(_observations(drawing), "")
    print_messages(console, drawing.messages)
    console.print(_turns(drawing.turns))


def _head(drawing: Drawing) -> Text:
    about = [drawing.name, drawing.environment, drawing.session_id and f"session {drawing.session_id}"]
    told = [beginning(each) for each in about if each] + [f"{drawing.started_at:%Y-%m-%d %H:%M:%S %Z}"]
    found = Text(f"trace {drawing.trace_id}\n{' · '.join(told)}\n")
    if drawing.masked:
        found.append("as it would be stored: personal data and secrets are masked (`--raw` shows production's text)\n")
    return found.append(_ended(drawing.fate, drawing.reason) + "\n", style=_ENDED.get(drawing.fate, ""))


def _observations(drawing: Drawing) -> Tree:
    """Draw each below its parent; one whose parent is not there, or is itself, is a root."""
    rows = {row.id: row for row in drawing.observations}
    below = defaultdict[str | None, list[DrawnObservation]](list)
    for row in rows.values():
        below[row.parent_id if row.parent_id in rows else None].append(row)
    tree, drawn = Tree(Text(f"{len(rows)} observation(s)", style="bold")), set[str]()
    for start in (*below[None], *rows.values()):  # the second time for those that are each other's parents
        _hang(tree, start, below, rows, drawn)
    return tree


def _hang(
    tree: Tree,
    start: DrawnObservation,
    below: Mapping[str | None, Sequence[DrawnObservation]],
    rows: Mapping[str, DrawnObservation],
    drawn: set[str],
) -> None:
    """Draw `start` with all below it, each once."""
    waiting = [(tree, start, 1)]
    while waiting:
        branch, row, depth = waiting.pop()
        if row.id in drawn:
            continue
        drawn.add(row.id)
        own = branch.add(_observation(row, rows))
        under = own if depth < _DEEPEST else branch
        waiting += [(under, child, depth + 1) for child in reversed(below.get(row.id, ()))]


def _observation(row: DrawnObservation, rows: Mapping[str, DrawnObservation]) -> Text:
    found = Text(" · ".join(_figures(row)), overflow="fold")
    if row.level != "DEFAULT":
        found.append(f" · {row.level}", style="red" if row.level == "ERROR" else "yellow")
    if row.use is Use.ASIDE and row.reason.lower() in ("", row.type.lower()):
        found.stylize(_COLOURS[Use.ASIDE])
        return found.append(f" · {row.id}", style="dim")
    return found.append(f"\n{row.id}: {_use(row, rows)}", style=_COLOURS[row.use])


def _figures(row: DrawnObservation) -> Iterator[str]:
    yield f"{row.type} {beginning(row.name or '', 40)}".rstrip()
    if row.model:
        yield beginning(row.model, 40)
    yield f"+{row.after_s:.1f} s"
    if row.input_tokens is not None or row.output_tokens is not None:
        yield f"{_number(row.input_tokens)}→{_number(row.output_tokens)} tokens"


def _use(row: DrawnObservation, rows: Mapping[str, DrawnObservation]) -> str:
    other = rows.get(row.of or "")
    of = f"{beginning(other.name, 40)} {other.id}" if other and other.name else row.of or "another"
    because = f": {row.reason}" if row.reason else ""
    match row.use:
        case Use.CALL:
            by = f", logged by {beginning(row.integration, 60)}" if row.integration else ""
            mended = f" ({', '.join(row.repairs)})" if row.repairs else ""
            return f"call, read as {row.format or 'unknown'}{by}{mended}{because}"
        case Use.COPY:
            return f"copy of {of}{because}"
        case Use.CONTEXT:
            return f"lends its system prompt or its tools to {of}"
        case Use.LOST:
            return f"lost{because}"
        case Use.ASIDE:
            return f"aside{because}"


def _turns(turns: Iterable[DrawnTurn]) -> Table:
    found = Table(title="turns", title_justify="left", box=None, pad_edge=False, header_style="bold")
    found.add_column("turn", justify="right", min_width=4)
    found.add_column("observation", overflow="fold", min_width=11, max_width=16)
    found.add_column("history", justify="right", min_width=7)
    found.add_column("answer", overflow="fold")
    found.add_column("ended", overflow="fold")
    for turn in turns:
        known = "" if turn.observed else ", known from a later history"
        cells = (
            str(turn.number),
            turn.observation_id or "—",
            _number(turn.history),
            beginning(turn.answer, _ANSWER) or "—",
            _ended(turn.fate, turn.reason) + known + (f" as {turn.challenge_id[:12]}" if turn.challenge_id else ""),
        )
        found.add_row(*map(Text, cells), style=_ENDED.get(turn.fate, "dim"))
    return found


def _ended(fate: Fate, reason: str) -> str:
    return f"{fate}: {reason}" if reason else str(fate)


def _number(figure: float | None) -> str:
    return "?" if figure is None else f"{figure:,.0f}"
