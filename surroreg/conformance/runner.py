"""Which checks apply, and running one of them where it can disturb nothing."""

from __future__ import annotations

import contextlib
import time
import traceback
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

import surroreg
import surroreg.conformance.checks  # enters the checks into the table
from surroreg.conformance import targets
from surroreg.conformance.case import DTYPES, Case
from surroreg.conformance.environment import environment, plugins
from surroreg.conformance.provider import Provider
from surroreg.conformance.report import Report, Result, Status
from surroreg.conformance.settings import DEVICES, Settings
from surroreg.conformance.sweep import sweep
from surroreg.conformance.table import CHECKS, Check, ConformanceError, NotVerifiedError, UnavailableError
from surroreg.conformance.targets import Selection, Target
from surroreg.errors import in_one_line
from surroreg.specs import SurrogateSpec
from surroreg.specs.imports import reference_to


@dataclass(frozen=True)
class Item:
    """One check of one surrogate, or of a whole plugin, on one device."""

    subject: Target | Provider
    check: Check
    device: str

    @property
    def target(self) -> str:
        """Qualified name of the surrogate, or the plugin's namespace."""
        return self.subject.name

    @property
    def vital(self) -> bool:
        """Whether its failure means that the subject cannot be checked; such an item is never filtered out."""
        if isinstance(self.subject, Provider):
            return bool(self.subject.problem) and self.check.id == "provider_loads"
        return self.check.id == "spec_complete" and not _has_values(self.subject.spec)

    @property
    def id(self) -> str:
        """``target::check[device]``."""
        return f"{self.target}::{self.check.id}[{self.device}]"

    def result(self, status: Status, message: str = "", **rest: Any) -> Result:
        """Return a result of this item."""
        return Result(self.target, self.check.id, self.device, status, message, **rest)


def plan(selection: Selection, devices: Iterable[str] = DEVICES, pattern: str = "*") -> list[Item]:
    """Return the checks to run, in a stable order: plugin by plugin, surrogate by surrogate, as in the table."""
    subjects: dict[str, Target | Provider] = {
        **{provider.name: provider for provider in sorted(selection.providers, key=lambda p: bool(p.problem))},
        **{target.name: target for target in selection.targets},
    }
    items = [
        Item(subject, check, device)
        for _, subject in sorted(subjects.items())
        for check in CHECKS.values()
        for device in devices
        if device in check.devices and _applies(check, subject)
    ]
    return [item for item in items if item.vital or targets.matches(item.check.id, pattern)]


def _applies(check: Check, subject: Target | Provider) -> bool:
    """Whether a check appears in the report of a subject, if only as skipped."""
    if isinstance(subject, Provider) or check.sweep == "provider":
        return isinstance(subject, Provider) and check.sweep == "provider"
    return bool(check.gate.otherwise) or check.gate.applies(subject.spec)


def _has_values(spec: SurrogateSpec) -> bool:
    """Whether there are parameter values to build the surrogate with."""
    try:
        next(sweep(spec))
    except ConformanceError:
        return False
    return True


def run(item: Item, settings: Settings) -> Result:
    """Run one check and return its result."""
    if item.device == "cuda" and not torch.cuda.is_available():
        reason = f"torch {torch.__version__} finds no CUDA device"
        if "cuda" in settings.required:
            return item.result("failed", f"{reason}, and one is required (--require-device)")
        return item.result("unverified", reason)
    if isinstance(item.subject, Provider) and item.subject.missing:
        return item.result("unverified", item.subject.missing)
    if isinstance(item.subject, Target) and not item.check.gate.applies(item.subject.spec):
        return item.result("skipped", item.check.gate.otherwise)
    started = time.perf_counter()
    measured: dict[str, Any] = {}
    status: Status = "passed"
    message = ""
    case: Case | None = None
    try:
        for case in _cases(item, settings):
            with _isolated(settings.seed, item.device):
                item.check.run(case)
            if isinstance(case, Case):
                measured = _merged(measured, case)
    except NotVerifiedError as reason:
        status = "unverified" if isinstance(reason, UnavailableError) else "skipped"
        message = str(reason)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also what only ends a test, a task or a process
        status = "failed" if item.check.fails(strict=settings.strict) else "warned"
        message = _message(error, item, case, settings)
        measured = _merged(measured, case) if isinstance(case, Case) else measured
    return item.result(status, message, seconds=time.perf_counter() - started, **measured)


def _merged(measured: Mapping[str, Any], case: Case) -> dict[str, Any]:
    worst = max((w for w in (measured.get("worst"), case.worst) if w is not None), default=None)
    worst = None if worst == float("inf") else worst  # not a number against a number: JSON knows neither
    return {"worst": worst, "measures": {**measured.get("measures", {}), **case.measures}}


def _cases(item: Item, settings: Settings) -> Iterator[Any]:
    """Yield what the check's function is called with."""
    if isinstance(item.subject, Provider):
        yield item.subject
        return
    device = torch.device("cuda:0" if item.device == "cuda" else item.device)
    swept = item.check.sweep
    try:
        sets = list(sweep(item.subject.spec))
    except ConformanceError as error:  # reported once, by spec_complete
        if item.check.id == "spec_complete":
            raise
        raise NotVerifiedError(f"there are no values to build it with: {error.promise}") from None
    for params in sets:
        for dtype in item.check.dtypes or (settings.dtypes if swept in ("all", "dtypes") else (torch.float64,)):
            yield Case(
                item.subject.spec,
                params,
                dtype,
                device,
                bare=item.subject.bare,
                seed=settings.seed,
                examples=settings.examples,
            )
        if swept in ("once", "dtypes"):
            return


@contextlib.contextmanager
def _isolated(seed: int, device: str) -> Iterator[None]:
    """Seed, and put everything back afterwards that a surrogate could have changed."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled()
    devices = [0] if device == "cuda" else []
    with warnings.catch_warnings(), torch.random.fork_rng(devices), torch.enable_grad():
        warnings.simplefilter("ignore")
        # torch.manual_seed notes a traceback for each kind of device that is not there, a millisecond at each case.
        torch.default_generator.manual_seed(seed)
        if device == "cuda":
            torch.cuda.manual_seed(seed)
        torch.set_default_dtype(torch.float32)
        torch.set_num_threads(1)  # digits that do not depend on the machine; and xdist's workers stay apart
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)
            torch.set_num_threads(threads)
            if torch.are_deterministic_algorithms_enabled() != deterministic:  # the setter imports torch's compiler
                torch.use_deterministic_algorithms(deterministic)


def _message(error: BaseException, item: Item, case: Case | None, settings: Settings) -> str:
    """Return the text of a failure: the promise, the facts, and one line to repeat the check."""
    if isinstance(error, ConformanceError):
        lines = str(error).splitlines()
    else:
        where = traceback.extract_tb(error.__traceback__)[-1]
        lines = [
            f"promised: {item.check.title}",
            f"got:      {in_one_line(error)}",
            f"raised:   in {where.name}, {where.filename}:{where.lineno}",
        ]
    if isinstance(case, Case):
        # A callable by its name: its repr is an address, another one in every run.
        values = ", ".join(f"{k}={reference_to(v) if callable(v) else repr(v)}" for k, v in case.params.items())
        dtype = str(case.dtype).removeprefix("torch.")
        lines.append("with:     " + ", ".join(filter(None, (values, dtype, f"on {item.device}"))))
        if case.spec.formula is not None:
            lines.append(f"formula:  {case.spec.formula}")
    lines.append(f"why:      {item.check.why}")
    if item.subject.reference:
        options = f"--check {item.check.id} --device {item.device} --seed {settings.seed}"
        options += " --strict" if item.check.severity == "strict" else ""
        options += f" --max-examples {settings.examples}" if settings.examples != Settings.examples else ""
        lines.append(f"repeat:   surroreg check {item.subject.reference} {options}")
    # Reports, terminals and xdist want text that can be encoded.
    return "\n".join(lines).encode("utf-8", "backslashreplace").decode("utf-8")


def report(selection: Selection, results: Iterable[Result], settings: Settings) -> Report:
    """Return the report of a run."""
    return Report(
        tuple(results),
        surrogates={target.name: target.spec.to_dict() for target in selection.targets},
        plugins=plugins(selection),
        environment=environment(),
        settings=settings.to_dict(),
    )


def check(
    target: Any,
    *,
    devices: Iterable[str] = DEVICES,
    dtypes: Iterable[torch.dtype] = DTYPES,
    checks: str = "*",
    seed: int = 0,
    examples: int = 50,
    strict: bool = False,
) -> Report:
    """Run the conformance checks of a surrogate, or of all of a plugin.

    Args:
        target: a surrogate's name, a plugin's namespace, a :class:`surroreg.SurrogateSpec`, or any callable
            that maps a tensor to spikes.
        devices: among ``"cpu"``, ``"meta"`` (catches hard-coded devices) and ``"cuda"``; the checks of a
            device that is not there are in ``Report.unverified``.
        dtypes: floating dtypes, for the checks that are repeated for all of them; a check that names its dtypes keeps
            to those.
        checks: shell-style pattern of check ids.
        seed: of everything drawn.
        examples: how many inputs hypothesis tries per check.
        strict: whether the checks of severity ``"strict"``, which surroreg's own surrogates pass, fail instead of
            warning.

    Returns:
        The report: ``.ok``, ``.failures`` (each with ``.check`` and ``.message``), ``.to_dict()``, ``.write(path)``.

    Raises:
        TypeError: the target is none of these.
        SurroregError: no check or no such device; or the name is unknown (:class:`surroreg.UnknownSurrogateError`).

    Example:
        >>> import surroreg, torch
        >>> surroreg.conformance.check("atan", checks="forward_*").ok
        True
        >>> sign = lambda x: torch.sign(x)
        >>> report = surroreg.conformance.check(sign, devices=["cpu"], checks="forward_step")
        >>> report.ok, report.failures[0].check
        (False, 'forward_step')
        >>> print(report.failures[0].message.splitlines()[0])
        promised: the spike is 1 above zero and 0 below
    """
    for what, given in (("devices", devices), ("dtypes", dtypes)):
        if isinstance(given, (str, torch.dtype)):
            raise TypeError(f"{what} takes a list, not {given!r}.")
    if not isinstance(checks, str):
        raise TypeError(f"checks takes a pattern, a str, not {checks!r}.")
    settings = Settings(devices=tuple(devices), dtypes=tuple(dtypes), seed=seed, examples=examples, strict=strict)
    selection = targets.one(target)
    items = plan(selection, settings.devices, checks)
    if not items:
        raise surroreg.SurroregError(f"no check matches {checks!r}; there are: {', '.join(CHECKS)}.")
    return report(selection, [run(item, settings) for item in items], settings)
