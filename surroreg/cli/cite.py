"""``surroreg cite``: BibTeX for where surrogates come from, and for surroreg itself."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any
from urllib.parse import quote

import surroreg
from surroreg.cli.listing import named
from surroreg.cli.output import say, say_json, tell
from surroreg.specs.references import Reference

#: An entry of references.bib, and a field of one: the file is written one field a line.
ENTRY = re.compile(r"^@\w+\{.*?^\}", re.M | re.S)
FIELD = re.compile(r"^  (doi|eprint) +=\s*\{(.*)\}", re.M)


def cite(arguments: argparse.Namespace) -> int:
    """Print the entries of the surrogates asked for, each once; the exit code is 1 if they name no reference."""
    cited = _cited(arguments.names) if arguments.names else {itself(): _told(None, [])}
    if arguments.json:
        references = [{**told, "bibtex": text} for text, told in cited.items()]
        say_json(references=references)
    elif cited:
        say("\n\n".join(cited))
    return 0 if cited else 1


def _cited(names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what is told of each entry: one, however many surrogates cite it, and by whichever identifier."""
    cited: dict[str, dict[str, Any]] = {}
    for name, spec in map(named, names):
        if not spec.references:
            tell(f"surroreg: {name} names no reference")
        for reference in spec.references:
            text = entry(reference)
            if text not in cited and known(reference) is None:
                tell(f"surroreg: only the identifier of {reference.identifier} is known here")
            surrogates = cited.setdefault(text, _told(reference, []))["surrogates"]
            if name not in surrogates:
                surrogates.append(name)
    return cited


def _told(reference: Reference | None, surrogates: list[str]) -> dict[str, Any]:
    identifier, url = (reference.identifier, reference.url) if reference else (None, None)
    return {"identifier": identifier, "url": url, "surrogates": surrogates}


def entry(reference: Reference) -> str:
    """Return the BibTeX entry of a reference; of one that references.bib lacks, what its identifier says."""
    return known(reference) or minimal(reference)


def known(reference: Reference) -> str | None:
    """Return the entry that references.bib has for a reference, if any."""
    kind, _, value = reference.identifier.partition(":")
    return next((text for key, text in _entries() if key == (kind, _same(kind, value))), None)


def minimal(reference: Reference) -> str:
    """Return an entry with the identifier alone, under a key made from it."""
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
    text = resources.files("surroreg").joinpath("references.bib").read_text(encoding="utf-8")
    for found in ENTRY.finditer(text):
        for field, value in FIELD.findall(found[0]):
            kind = {"doi": "doi", "eprint": "arxiv"}[field]
            yield (kind, _same(kind, value)), found[0]


def _same(kind: str, value: str) -> str:
    """Return an identifier as it compares: a DOI without regard to case, a preprint without its version."""
    return value.lower() if kind == "doi" else re.sub(r"v\d+$", "", value)
