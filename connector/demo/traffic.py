"""What the airline's help desk has logged: conversations as traces, one span for each model call and each tool.

Ids depend on the seed, times on `now`: everything is old enough to be read, and lies within one ISO week.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import orjson

from connector.demo.airline import Dialogue, Scene, ToolUse, help_desk, scenes_of
from connector.demo.instrumentation import Wire, span
from connector.demo.players import PRODUCTION, in_production
from connector.epochs import epoch_of
from connector.types import digest
from rollouts.cost import Price, cost
from rollouts.projections.openai_chat import to_openai
from rollouts.types import ToolCall, Usage

_AGE = timedelta(minutes=12)
_APART = timedelta(minutes=8)
_READING = timedelta(seconds=40)
_TOOL_TAKES = timedelta(milliseconds=35)
_PARAMETERS = {"temperature": 0.2, "max_tokens": 400}


def traffic(now: datetime, seed: int) -> list[Wire]:
    """Return the spans of every conversation; the first one in `airline.toml` is the latest."""
    dialogues = help_desk().conversations
    latest = _latest(now, len(dialogues))
    logs = [_Log(dialogue, latest - number * _APART, seed) for number, dialogue in enumerate(dialogues)]
    return [one for log in logs for one in log.spans()]


def _latest(now: datetime, conversations: int) -> datetime:
    """When the last conversation began. Traffic on both sides of a Monday would make two leaderboards."""
    latest = now - _AGE
    if epoch_of(latest - conversations * _APART) == epoch_of(latest):
        return latest
    midnight = latest.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=latest.weekday()) - _AGE


class _Log:
    """One conversation as it is logged, trace by trace; every model call logs all that was said before it."""

    def __init__(self, dialogue: Dialogue, at: datetime, seed: int) -> None:
        self._dialogue, self._at, self._seed = dialogue, at, seed
        self._history: list[Wire] = [{"role": "system", "content": help_desk().system}]
        self._trace_id = ""

    def spans(self) -> Iterator[Wire]:
        """Yield all spans; each trace begins with its root."""
        for number, scenes in enumerate(_visits(self._dialogue)):
            self._trace_id = digest("demo", str(self._seed), self._dialogue.id, str(number))
            self._at += timedelta(minutes=scenes[0].turn.after_minutes or 0)
            began = self._at
            children = [child for scene in scenes for child in self._turn(scene)]
            asked, said = scenes[0].turn.user, self._history[-1]["content"]
            if self._dialogue.logged == "plain":
                yield self._span("help-desk", began, input={"question": asked}, output={"answer": said})
                continue
            told = {} if self._dialogue.logged == "nonsense" else {"input": asked, "output": said}
            yield self._span("help-desk", began, type="agent", **told)
            yield from children

    def _turn(self, scene: Scene) -> Iterator[Wire]:
        if scene.turn.user is not None:
            self._history.append({"role": "user", "content": scene.turn.user})
        answer = in_production(scene, self._seed)
        [said] = to_openai([answer])["messages"]
        began = self._at
        self._at += timedelta(seconds=PRODUCTION.latency_s(scene))
        yield self._span("answer", began, place=str(len(self._history)), **self._generation(said))
        self._history.append(said)
        for call, use in zip(answer.tool_calls, scene.turn.calls, strict=True):
            yield self._tool(call, use)
        if not scene.turn.calls:
            self._at += _READING

    def _tool(self, call: ToolCall, use: ToolUse) -> Wire:
        began, place = self._at, str(len(self._history))
        self._at += _TOOL_TAKES
        self._history.append({"role": "tool", "tool_call_id": call.id, "content": use.response})
        arguments = orjson.loads(call.arguments)
        return self._span(call.name, began, place=place, type="tool", input=arguments, output=use.result)

    def _generation(self, said: Wire) -> Wire:
        """What is logged of a model call; two conversations are logged badly."""
        tools = [{"type": "function", "function": tool} for tool in help_desk().tools]
        asked = {"messages": list(self._history), "tools": tools}
        about: Wire = {"type": "generation", "model.name": PRODUCTION.model, "model.parameters": _PARAMETERS}
        match self._dialogue.logged:
            case "error":
                problem = "the model did not answer within 30 s"
                return about | {"input": asked, "level": "ERROR", "status_message": problem}
            case "nonsense":
                return about | {"input": [0.12, -0.9, 0.33], "output": {"vector": [1, 0, 1]}}
        usage = Usage(input_tokens=len(orjson.dumps(asked)) // 4, output_tokens=len(orjson.dumps(said)) // 4)
        price = Price(input=PRODUCTION.input_usd, output=PRODUCTION.output_usd)
        return about | {
            "input": asked,
            "output": said,
            "usage_details": {"input": usage.input_tokens, "output": usage.output_tokens},
            "cost_details": {"total": cost(price, usage)},
        }

    def _span(self, name: str, began: datetime, place: str | None = None, **shown: object) -> Wire:
        """A span that ends now."""
        trace = {
            "langfuse.trace.name": self._dialogue.name,
            "langfuse.environment": self._dialogue.environment,
            "langfuse.trace.tags": self._dialogue.tags,
            "user.id": self._dialogue.user,
            "session.id": self._dialogue.session,
        }
        return span(trace, self._trace_id, name, began, self._at, place=place, **shown)


def _visits(dialogue: Dialogue) -> list[list[Scene]]:
    """Each time that the traveller comes back, a new trace begins."""
    visits: list[list[Scene]] = []
    for scene in scenes_of(dialogue):
        if not visits or scene.turn.after_minutes:
            visits.append([])
        visits[-1].append(scene)
    return visits
