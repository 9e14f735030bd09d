"""The judge of the demo: it sees what any judge would see, favours seat A a little, and sometimes forgets the label.

How good an answer truly is it knows from `airline.toml`, by the answer's text; the product has no way to know that.
"""

from __future__ import annotations

import re
from random import Random
from typing import Any, NamedTuple

from connector.demo.airline import Grade, Scene, scenes
from connector.demo.players import PLAYERS
from judges import transcript
from judges.types import Label

MODEL = "owl-judge"
SEAT_BIAS = 0.3
"""How much better an answer looks in seat A, in grades: of two equal answers it prefers the first in a quarter of the
rounds, and the second hardly ever."""
NOISE = 0.35
"""Standard deviation of what it thinks of a pair, in grades."""
FORGETS = 0.06
"""Share of rounds in which it has to be asked for the label again."""
NEVER_SAYS = 0.01
"""Share of rounds in which asking again does not help."""
LATENCY_S = 0.04

_ANSWERS = re.compile(r"<answer_(a|b)>\n(.*?)\n</answer_\1>", re.DOTALL)
_OPENING = 2  # messages of the first question: instructions and material
_REMARKS = {
    Grade.POOR: "is wrong on a point that matters",
    Grade.SOUND: "is right, and leaves nothing out that was asked",
    Grade.EXCELLENT: "is right, and thinks one step further",
}


class _Known(NamedTuple):
    scene: Scene
    grade: Grade


class ScriptedJudge:
    """Answers a judge's prompt in OpenAI's dialect."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        # Grades ascend, so that a call which is the same in two of them counts as the better.
        self._known = {
            transcript.answer(player.message(scene, grade)): _Known(scene, grade)
            for scene in scenes().values()
            for player in PLAYERS
            for grade in Grade
        }

    def __call__(self, body: dict[str, Any]) -> str:
        """Write an answer of its own, weigh both answers against it, and end with a label."""
        seats = dict(_ANSWERS.findall(body["messages"][1]["content"]))
        a, b = self._known.get(seats.get("a", "")), self._known.get(seats.get("b", ""))
        if a is None or b is None:
            return "I do not know what is being asked here."
        pair = "/".join((str(self._seed), seats["a"], seats["b"]))
        label = f"[[{_label(a.grade - b.grade, Random(pair))}]]"
        if len(body["messages"]) > _OPENING:
            return "I still cannot decide." if _memory(pair) < NEVER_SAYS else label
        said = (
            f"My own turn would be: {_own(a.scene)}",
            f"Answer A {_REMARKS[a.grade]}. Answer B {_REMARKS[b.grade]}.",
        )
        return "\n\n".join(said if _memory(pair) < FORGETS else (*said, label))


def _label(lead: float, random: Random) -> Label:
    """Say by how many grades the answer in seat A seems to lead, rounded to one of the five labels."""
    seems = lead + SEAT_BIAS + random.gauss(0, NOISE)
    borders = (
        (1.5, Label.A_MUCH_BETTER),
        (0.5, Label.A_BETTER),
        (-0.5, Label.TIE),
        (-1.5, Label.B_BETTER),
    )
    return next((label for border, label in borders if seems > border), Label.B_MUCH_BETTER)


def _memory(pair: str) -> float:
    return Random(f"{pair}/memory").random()


def _own(scene: Scene) -> str:
    return scene.turn.text(Grade.SOUND) if not scene.turn.calls else f"a call of {scene.turn.calls[0].tool}."
