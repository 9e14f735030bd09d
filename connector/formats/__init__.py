"""One file per form in which a model call is logged; its name is the format's kind.

Each format says by shape whether a call is its own; the first that does reads it. They are asked in the order of their
`rank`, the more particular before the more general:

- 1, `custom_keys`: what a person has configured wins over anything that we would guess.
- 5 to 8, what would be taken for something simpler: pieces of calls, events, parts of a UI, deltas of plugins.
- 9 to 14, what an instrumentation names or marks without doubt: event names, parts, scopes.
- 15 to 19, typed items, `contents`, nested messages: shapes that nothing else has. `openai_responses` comes before
  Anthropic because both answer with `type: message`, and only its typed parts tell them apart.
- 20 to 22, `anthropic_messages` and `bedrock_converse`: role messages whose blocks chat does not have.
- 25, dialects of chat with a mark of their own: `dify`, `dspy`, `haystack`, `koog`, `ollama`, `open_webui` and
  `smolagents`.
- 30, `openai_chat`: any list of role messages that is left.
- 90, `plain_text`: text, or a table with a telling key, which nearly everything would be.

Modules without a `Format` are dialects and pieces that several formats share.
"""
