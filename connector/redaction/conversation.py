"""Walks everything of a conversation that holds words, always in the same order.

Tools come first, then the messages one by one, then the answers: what was said before a turn is the beginning of what
was said before the next, so both number the same values alike, and nobody needs to remember a conversation.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

from connector.redaction.found import Unmaskable
from rollouts.types import (
    Challenge,
    Completion,
    Media,
    Message,
    NamedTool,
    Parameters,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
    ToolDefinition,
    ToolResult,
)

_ARTICLES: Final = {"image": "an image", "audio": "a sound", "video": "a film", "document": "a document"}


class Rewriting(Protocol):
    """What becomes of the texts on the way."""

    def text(self, text: str) -> str:
        """Return what stands in place of a text; JSON stays JSON."""

    def name(self, name: str) -> str:
        """Return what stands in place of an identifier: an identifier."""

    def value(self, value: Any) -> Any:
        """Return what stands in place of a JSON value."""


class Walk:
    """One walk through one conversation."""

    def __init__(self, texts: Rewriting, *, strict: bool) -> None:
        self._texts, self._strict = texts, strict

    def challenge(self, challenge: Challenge) -> Challenge:
        """Return a challenge with every text masked; its ids, and whom it comes from, are left as they are."""
        asked = {
            "tools": tuple(map(self.tool, challenge.tools)),
            "messages": tuple(map(self.message, challenge.messages)),
            "baseline": self.completion(challenge.baseline),
            "expected": challenge.expected and self.message(challenge.expected),
            "parameters": self.parameters(challenge.parameters),
        }
        origin, line = challenge.origin, self._line
        told = {
            "trace_name": line(origin.trace_name),
            "environment": line(origin.environment),
            "tags": tuple(map(self._texts.text, origin.tags)),
            "integration": line(origin.integration),
        }
        return challenge.model_copy(update={**asked, "origin": origin.model_copy(update=told)})

    def request(self, request: Request) -> Request:
        """Return a request with every text masked."""
        asked = {
            "tools": tuple(map(self.tool, request.tools)),
            "messages": tuple(map(self.message, request.messages)),
            "parameters": self.parameters(request.parameters),
        }
        return request.model_copy(update=asked)

    def completion(self, completion: Completion) -> Completion:
        """Return an answer with every text masked."""
        said = {"message": self.message(completion.message), "model": self._line(completion.model)}
        return completion.model_copy(update=said)

    def message(self, message: Message) -> Message:
        """Return a message with every part masked."""
        name = message.name and self._texts.name(message.name)
        return message.model_copy(update={"parts": tuple(map(self._part, message.parts)), "name": name})

    def tool(self, tool: ToolDefinition) -> ToolDefinition:
        """Return a tool with its name, description and schema masked."""
        schema = None if tool.parameters is None else self._texts.value(tool.parameters)
        told = {
            "name": self._texts.name(tool.name),
            "description": self._line(tool.description),
            "parameters": schema if isinstance(schema, dict) else None,
        }
        return tool.model_copy(update=told)

    def parameters(self, parameters: Parameters) -> Parameters:
        """Return parameters with what a person wrote in them masked."""
        update: dict[str, object] = {}
        if parameters.stop:
            update["stop"] = tuple(map(self._texts.text, parameters.stop))
        if parameters.response_format is not None:
            form = self._texts.value(parameters.response_format)
            update["response_format"] = form if isinstance(form, dict) else None
        if isinstance(parameters.tool_choice, NamedTool):
            update["tool_choice"] = NamedTool(name=self._texts.name(parameters.tool_choice.name))
        return parameters.model_copy(update=update) if update else parameters

    def _line(self, text: str | None) -> str | None:
        return text and self._texts.text(text)

    def _part(self, part: Part) -> Part:
        text, name = self._texts.text, self._texts.name
        match part:
            case Text(content=content):
                return part.model_copy(update={"content": text(content)})
            case Reasoning(content=content):  # its seal would tell that the thought was changed, and nobody can read it
                return part.model_copy(update={"content": text(content), "signature": None})
            case ToolCall():
                told = {"id": name(part.id), "name": name(part.name), "arguments": text(part.arguments)}
                return part.model_copy(update=told)
            case ToolResult():
                media = tuple(map(self._media, part.media))
                return part.model_copy(update={"id": name(part.id), "response": text(part.response), "media": media})
            case Media():
                return self._media(part)

    def _media(self, media: Media) -> Media:
        if self._strict:
            raise Unmaskable(_ARTICLES[media.modality])
        return media
