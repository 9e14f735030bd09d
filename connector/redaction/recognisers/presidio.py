"""Names by Microsoft Presidio and the language model that it is set up with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from connector.redaction.recogniser import Entity, Recogniser
from rollouts.errors import Fatal


class Presidio(Recogniser):
    """Presidio's analyzer in this process, with a spaCy model that a person has installed."""

    language: str = "en"
    """The language of the texts."""
    model: str = "en_core_web_sm"
    """The spaCy model, installed as a package."""
    entities_wanted: tuple[str, ...] = ("PERSON", "LOCATION", "NRP")
    """Presidio's names of what to mask; numbers and addresses are found without it."""
    threshold: float = 0.5
    """The least confidence, 0 to 1."""

    def model_post_init(self, context: Any, /) -> None:
        """Load the model now, so that what is missing is said at the start."""
        super().model_post_init(context)
        _ = self._analyzer

    def entities(self, text: str) -> Sequence[Entity]:
        """Return the entities that Presidio is sure enough of."""
        found = self._analyzer.analyze(
            text=text, language=self.language, entities=list(self.entities_wanted), score_threshold=self.threshold
        )
        return [Entity(each.start, each.end, each.entity_type) for each in found]

    @cached_property
    def _analyzer(self) -> Any:
        try:
            analyzer, nlp = import_module("presidio_analyzer"), import_module("presidio_analyzer.nlp_engine")
        except ImportError:
            raise Fatal(
                "redaction.ner asks for presidio, which is not installed",
                hint="pip install presidio-analyzer, and the spaCy model of your language",
            ) from None
        models = [{"lang_code": self.language, "model_name": self.model}]
        try:
            engine = nlp.NlpEngineProvider(
                nlp_configuration={"nlp_engine_name": "spacy", "models": models}
            ).create_engine()
        except (OSError, ValueError, SystemExit) as error:  # spaCy ends the process where it cannot download a model
            raise Fatal(f"the spaCy model {self.model} cannot be loaded: {error}", hint="install it") from None
        return analyzer.AnalyzerEngine(nlp_engine=engine, supported_languages=[self.language])
