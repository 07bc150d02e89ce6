"""BibTeX of the works that surrogates come from, and of surroreg itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import resources
from urllib.parse import quote

import surroreg
from surroreg.specs.references import Reference

#: An entry of references.bib, and the field of an entry that identifies a work. The file has one field a line.
ENTRY = re.compile(r"^@\w+\{.*?^\}", re.M | re.S)
FIELD = re.compile(r"^  (doi|eprint) +=\s*\{(.*)\}", re.M)


def entry(reference: Reference) -> str:
    """Return the entry of a reference in references.bib, or else an entry made from its identifier."""
    return known(reference) or minimal(reference)


def known(reference: Reference) -> str | None:
    """Return the entry of a reference in references.bib, if any."""
    kind, _, value = reference.identifier.partition(":")
    return next((text for key, text in _entries() if key == (kind, _comparable(kind, value))), None)


def minimal(reference: Reference) -> str:
    """Return an entry with nothing but the identifier, under a key made from it."""
    kind, _, value = reference.identifier.partition(":")
    value = quote(value, safe="/:.()-_?=&%#~+,;@")  # a brace would end the field
    fields = {"doi": {"doi": value}, "arxiv": {"eprint": value, "archiveprefix": "arXiv"}}
    fields.setdefault(kind, {"url": f"{kind}:{value}"})
    return _misc(re.sub(r"[^A-Za-z0-9]+", "-", reference.identifier).strip("-"), fields[kind])


def itself() -> str:
    """Return the entry of this release of surroreg."""
    title = "surroreg: the registry of surrogate gradients for spiking neural networks in {PyTorch}"
    fields = {"author": "{The surroreg authors}", "title": title, "note": f"Version {surroreg.__version__}"}
    return _misc("surroreg", fields)


def _misc(key: str, fields: Mapping[str, str]) -> str:
    return "\n".join([f"@misc{{{key},", *(f"  {name:13} = {{{text}}}," for name, text in fields.items()), "}"])


def _entries() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield every entry of references.bib under each of its identifiers."""
    text = resources.files("surroreg").joinpath("references.bib").read_text(encoding="utf-8")
    for match in ENTRY.finditer(text):
        for field, value in FIELD.findall(match[0]):
            kind = {"doi": "doi", "eprint": "arxiv"}[field]
            yield (kind, _comparable(kind, value)), match[0]


def _comparable(kind: str, value: str) -> str:
    """Return an identifier for comparison: a DOI in lower case, a preprint without its version."""
    return value.lower() if kind == "doi" else re.sub(r"v\d+$", "", value)
