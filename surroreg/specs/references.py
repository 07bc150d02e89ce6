"""Where a surrogate comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from surroreg.errors import SpecError, public, shortened
from surroreg.specs.validation import as_text


@public
@dataclass(frozen=True)
class Reference:
    """Where a surrogate comes from: ``doi:...``, ``arxiv:...`` or an ``https://`` address."""

    identifier: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifier", as_text(self.identifier, "a reference"))
        if not re.match(r"doi:10\.|arxiv:|https?://", self.identifier):
            raise SpecError(
                f"reference {shortened(self.identifier)} must begin with 'doi:10.', 'arxiv:' or 'https://'."
            )

    @property
    def url(self) -> str:
        """Address of the work."""
        return re.sub(r"^arxiv:", "https://arxiv.org/abs/", re.sub(r"^doi:", "https://doi.org/", self.identifier))
