"""A challenge with its media at hand: what a model is shown, and nobody stores."""

from __future__ import annotations

from connector.ports import Source
from rollouts.errors import Permanent
from rollouts.projections.plain import TOKEN, media_of
from rollouts.types import Challenge, Media, Message, Part, ToolResult

MOST_CHARACTERS = 48 * 1024 * 1024
"""Of base64 in one question: OpenAI's requests end at 50 MB."""


async def with_media(challenge: Challenge, source: Source) -> Challenge:
    """Return `challenge` with every file by value that its log holds by token only; the original keeps the tokens.

    A token inside of a text stays: the replay refuses it. Raises what `Source.media` raises, and `Permanent`
    ("unreplayable: …") for more than any model takes.
    """
    by_token = dict.fromkeys(media for _, media in media_of(challenge.messages) if TOKEN in media.content)
    if not by_token:
        return challenge
    found, size = dict[Media, Media](), 0
    for media in by_token:
        found[media] = await source.media(media)
        size += len(found[media].content)
        if size > MOST_CHARACTERS:
            raise Permanent("unreplayable: more media than a request can hold")
    return challenge.model_copy(update={"messages": tuple(_shown(message, found) for message in challenge.messages)})


def _shown(message: Message, found: dict[Media, Media]) -> Message:
    return message.model_copy(update={"parts": tuple(_part(part, found) for part in message.parts)})


def _part(part: Part, found: dict[Media, Media]) -> Part:
    match part:
        case Media():
            return found.get(part, part)
        case ToolResult(media=media) if media:
            return part.model_copy(update={"media": tuple(found.get(each, each) for each in media)})
        case _:
            return part
