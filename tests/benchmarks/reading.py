"""How long it takes to read observations and to split them into turns, and how much memory: one core, every format.

    python -m tests.benchmarks.reading                                  # 20,000 observations, 10 turns a trace
    python -m tests.benchmarks.reading --observations 1000 --turns 200  # each generation logs up to 400 messages
    python -m tests.benchmarks.reading --masked                         # and every turn is masked as by default

Each trace is one conversation with the whole history in each generation, as text, the way newer servers show it. Every
fifth turn calls two tools. No trace is the same as another.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from typing import Any

from connector.assemble import assemble
from connector.langfuse.rows import observation
from connector.redaction.options import Masking
from connector.redaction.redactor import Redactor
from connector.split import split
from connector.traces import Trace
from connector.turns.worth import TurnRules
from rollouts.types import Challenge, Message, Text, ToolCall, ToolResult
from tests.benchmarks.measuring import measured, peak_mb, resident_mb
from tests.logged import BEGUN
from tests.writers import WRITERS
from tests.writers.writer import Dialogue, Writer

Row = dict[str, Any]

WORDS = "The parcel left Utrecht at nine and ought to be with you on Thursday, unless the ferry is late again. " * 4
MARK = "numbered 7341"
"""Stands in every question; replaced by the trace's own number."""
LOOKS = (0.25, 0.5, 0.75, 1.0)
"""When memory is looked at, as shares of all observations."""
RULES = TurnRules(tools_missing="include")


def conversation(turns: int, *, calls: bool, beside: bool) -> Dialogue:
    """Return a conversation in which the assistant speaks `turns` times."""
    messages: list[Message] = [_said("system", f"Be kind. {WORDS}")]
    while (spoken := sum(message.role == "assistant" for message in messages)) < turns:
        messages.append(_said("user", f"Question {spoken} of trace {MARK}. {WORDS}"))
        if calls and spoken % 5 == 0 and spoken + 1 < turns:
            made = [ToolCall(id=f"call_{spoken}_{n}", name="track", arguments=f'{{"parcel":{n}}}') for n in range(2)]
            messages.append(
                Message(role="assistant", parts=(*([Text(content="Let me see.")] if beside else []), *made))
            )
            messages += [Message(role="tool", parts=(ToolResult(id=c.id, response=WORDS),)) for c in made]
        messages.append(_said("assistant", f"Answer {spoken}. {WORDS}"))
    return tuple(messages)


def _said(role: Any, text: str) -> Message:
    return Message(role=role, parts=(Text(content=text),))


def rows_of(writer: Writer, turns: int) -> list[Row]:
    """Return one trace's generations, as the interface hands them out."""
    messages = conversation(turns, calls=writer.calls, beside=writer.words_beside)
    if writer.one_exchange:
        messages = messages[1:3]
    places = [place for place, message in enumerate(messages) if message.role == "assistant"]
    return [_row(writer, messages[: place + 1], number) for number, place in enumerate(places)]


def _row(writer: Writer, messages: Dialogue, number: int) -> Row:
    logged = writer.write(messages)
    sides = {"input": logged.input, "output": logged.output}
    shown = {key: side if isinstance(side, str | None) else json.dumps(side) for key, side in sides.items()}
    facts = {"type": "GENERATION", "startTime": BEGUN.replace(minute=number // 60, second=number % 60).isoformat()}
    return {**facts, **shown, "metadata": logged.metadata, "modelParameters": logged.parameters, "id": f"o{number}"}


def traces(observations: int, turns: int) -> Iterator[list[Row]]:
    """Yield traces, one format after another, until there are enough observations."""
    writers = [writer for name, writer in WRITERS.items() if name != "custom_keys"]  # which nobody has configured here
    made = number = 0
    for place, writer in enumerate(writers, start=1):
        rows, until = rows_of(writer, turns), observations * place // len(writers)
        while made < until:
            some = rows[: until - made]
            yield [_own(row, number) for row in some]
            made, number = made + len(some), number + 1


def _own(row: Row, number: int) -> Row:
    sides = {key: (row[key] or "").replace(MARK, f"numbered {number}") or None for key in ("input", "output")}
    return {**row, **sides, "traceId": f"t{number}", "id": f"t{number}-{row['id']}"}


def read(rows: list[Row], redaction: Redactor | None) -> int:
    """Read one trace, split and mask it; return how many challenges come of it."""
    read = tuple(map(observation, rows))
    trace = Trace(id=read[0].trace_id, started_at=read[0].started_at, observations=read)
    turns = [turn for turn in split(assemble(trace).conversation, RULES) if isinstance(turn, Challenge)]
    return len([redaction.challenge(turn) for turn in turns] if redaction else turns)


def run(observations: int, turns: int, redaction: Redactor | None = None) -> Iterator[str]:
    """Read everything, one trace after another; yield the report, line by line."""
    looks = [round(share * observations) for share in LOOKS]
    seen = found = 0
    cpu_s = 0.0
    yield "| observations | challenges | CPU s | µs each | MB held |"
    yield "|--:|--:|--:|--:|--:|"
    for rows in traces(observations, turns):
        with measured() as span:
            found += read(rows, redaction)
        seen, cpu_s = seen + len(rows), cpu_s + span.cpu_s
        while looks and seen >= looks[0]:
            looks.pop(0)
            yield f"| {seen} | {found} | {cpu_s:.1f} | {1e6 * cpu_s / seen:.0f} | {resident_mb():.1f} |"
    yield f"\npeak {peak_mb():.1f} MB"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--observations", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=10, help="in each trace: how often the assistant speaks")
    parser.add_argument("--masked", action="store_true", help="mask every turn")
    options = parser.parse_args()
    redaction = Redactor(Masking(), b"benchmark") if options.masked else None
    for line in run(options.observations, options.turns, redaction):
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
