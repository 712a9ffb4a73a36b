"""What stories say needs no second home in the domain: the words come from content/ by the NLG endpoint."""

from __future__ import annotations

import re
from pathlib import Path

from rasa.shared.core.domain import Domain
from rasa.shared.importers.rasa import RasaFileImporter

SAID = re.compile(r"\butter_[a-z0-9_]+")


class AuthorsImporter(RasaFileImporter):
    """Rasa's own importer, and a response for every `utter_<content id>` in stories and rules."""

    def get_domain(self) -> Domain:
        said = {name for file in self._story_files for name in SAID.findall(Path(file).read_text("utf-8"))}
        spoken: Domain = Domain.from_dict({"responses": {name: [{"text": ""}] for name in sorted(said)}})
        return super().get_domain().merge(spoken)
