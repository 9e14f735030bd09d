"""The models of the demo: how strong each of them truly is, and how it answers.

An answer follows from the seed and from what was heard last, so that a run can be repeated. Production draws its grades
from the same odds as the replay of its model, which often, not always, says the very same again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

from connector.demo.airline import Grade, Scene, scenes
from connector.demo.model_dialects import Reply
from rollouts.types import Message, Record


class Player(Record):
    """One model."""

    model: str
    kind: str
    """The provider by which it is reached."""
    excellent: float
    """Odds of an excellent answer; what is neither excellent nor poor is sound."""
    poor: float
    pace_s: float
    """How long it takes for an answer, give or take a quarter."""
    input_usd: float
    """Per million tokens, as `output_usd`."""
    output_usd: float
    repeats: float = 0.0
    """Share of turns in which it says just what production said."""
    openings: tuple[str, ...] = ("",)
    """How it begins to speak."""
    closings: tuple[str, ...] = ("",)

    @property
    def strength(self) -> float:
        """The mean grade of its texts, 0 to 2: what a perfect judge would find."""
        return 1 + self.excellent - self.poor

    def grade(self, scene: Scene, seed: str) -> Grade:
        """Draw how well it answers."""
        luck = Random(f"{self.model}/{scene.heard}/{seed}").random()
        if luck < self.poor:
            return Grade.POOR
        return Grade.EXCELLENT if luck > 1 - self.excellent else Grade.SOUND

    def message(self, scene: Scene, grade: Grade) -> Message:
        """Answer in this grade, and in its own manner."""
        manner = Random(f"{self.model}/{scene.heard}")
        said = (manner.choice(self.openings), scene.turn.text(grade), manner.choice(self.closings))
        return scene.turn.message(grade, " ".join(part for part in said if part))

    def latency_s(self, scene: Scene) -> float:
        """How long this answer takes."""
        return self.pace_s * Random(f"{self.model}/{scene.heard}/pace").uniform(0.75, 1.25)


FALCON = Player(
    model="falcon-large",
    kind="anthropic",
    excellent=0.62,
    poor=0.06,
    pace_s=0.16,
    input_usd=3.0,
    output_usd=15.0,
    openings=("Certainly.", "Gladly.", "Of course."),
)
KESTREL = Player(
    model="kestrel-2",
    kind="openai",
    excellent=0.28,
    poor=0.20,
    pace_s=0.09,
    input_usd=0.8,
    output_usd=3.2,
    repeats=0.6,
)
SPARROW = Player(
    model="sparrow-mini",
    kind="openai_compatible",
    excellent=0.08,
    poor=0.55,
    pace_s=0.03,
    input_usd=0.1,
    output_usd=0.4,
    closings=("Anything else?", "Have a nice day!", "Hope that helps."),
)
PRODUCTION = KESTREL
PLAYERS = (FALCON, KESTREL, SPARROW)


def true_order() -> list[Player]:
    """The challengers, strongest first."""
    return sorted(PLAYERS, key=lambda player: -player.strength)


def in_production(scene: Scene, seed: int) -> Message:
    """What production answered."""
    return PRODUCTION.message(scene, PRODUCTION.grade(scene, f"{seed}/production"))


def replayed(player: Player, scene: Scene, seed: int) -> Message:
    """What `player` answers when it is asked again."""
    repeats = Random(f"{player.model}/{scene.heard}/{seed}/again").random() < player.repeats
    return player.message(scene, player.grade(scene, f"{seed}/{'production' if repeats else 'replay'}"))


def behaviour(player: Player, seed: int) -> Callable[[dict[str, Any]], Awaitable[Reply]]:
    """Return how `player` answers a request, in either dialect."""

    async def answer(body: dict[str, Any]) -> Reply:
        scene = scenes().get(_heard(body))
        if scene is None:
            return Reply("I only know the help desk of Marlinspike Air.")
        await asyncio.sleep(player.latency_s(scene))
        message = replayed(player, scene, seed)
        return Reply(message.text or None, message.tool_calls)

    return answer


def _heard(body: dict[str, Any]) -> str:
    """The end of the last message: text as it is, or the last block of Anthropic's."""
    content = body["messages"][-1]["content"]
    if isinstance(content, list):
        content = content[-1].get("text") or content[-1].get("content")
    return str(content)
