"""``pytest --plugin-conformance``: the checks of every installed plugin, as tests.

pytest imports this in every run, in every project of the environment: until the flag is given, only the
standard library and pytest are used here.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from surroreg.conformance.report import Report, Result
    from surroreg.conformance.runner import Item
    from surroreg.conformance.settings import Settings
    from surroreg.conformance.targets import Selection
    from surroreg.errors import SurroregError

FLAG = "--plugin-conformance"
NODE = "surroreg-conformance"
PROPERTY = "surroreg_conformance"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flag, and the options that go with it."""
    group = parser.getgroup("surroreg", "conformance of surrogate gradients (surroreg)")

    def add(option: str, **rest: Any) -> None:
        dest = "surroreg_" + option.removeprefix("--").replace("-", "_")
        try:
            group.addoption(option, dest=dest, **rest)
        except (ValueError, argparse.ArgumentError) as error:
            raise pytest.UsageError(
                f"surroreg's option {option} is taken by another pytest plugin ({error}); "
                "run pytest with -p no:surroreg, or without the other."
            ) from error

    add(FLAG, action="store_true", help="check installed plugins: spikes, gradients, and what surrounds them")
    many = {"action": "append", "metavar": "GLOB"}
    add("--conformance-plugin", **many, help="only plugins whose namespace or distribution matches ('builtin' too)")
    add("--conformance-surrogate", **many, help="only surrogates whose name matches, with or without namespace")
    add("--conformance-check", **many, help="only checks whose id matches")
    add("--conformance-builtin", action="store_true", help="check the built-in surrogates")
    add(
        "--conformance-object",
        action="append",
        metavar="PKG.MOD[:OBJ]",
        help="check a plugin that is not installed",
    )
    add(
        "--conformance-require-device",
        action="append",
        metavar="DEVICE",
        help="fail if the device (cuda) is not there",
    )
    add("--conformance-require-nvrtc", action="store_true", help="fail if NVRTC, which compiles for GPUs, is not there")
    add("--conformance-strict", action="store_true", help="strict checks fail, as for surroreg's own surrogates")
    add("--conformance-max-examples", type=int, metavar="N", help="inputs that hypothesis tries (50)")
    add("--conformance-seed", type=int, metavar="N", help="seed of everything drawn (0)")
    add(
        "--conformance-report",
        action="append",
        metavar="FILE",
        help="write a report: FILE.json, .md, .html, or .badge.json for shields.io",
    )


def pytest_configure(config: pytest.Config) -> None:
    """With the flag, add the checks to what is collected."""
    if config.getoption("surroreg_plugin_conformance"):
        config.pluginmanager.register(Conformance(config), NODE)
        return
    for option, value in vars(config.option).items():
        if option.startswith("surroreg_conformance") and value is not None and value is not False:
            raise pytest.UsageError(f"--{option.removeprefix('surroreg_').replace('_', '-')} goes with {FLAG}.")


class Conformance:
    """The run: the selected checks, and their results."""

    def __init__(self, config: pytest.Config) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own, where there is no numpy
            try:
                from surroreg.conformance import known, nvrtc, report
                from surroreg.conformance.settings import Settings
                from surroreg.errors import SurroregError
            except ImportError as error:
                raise pytest.UsageError(f"{FLAG}: {error} (pip install 'surroreg[conformance]')") from error
        self._config = config
        self._results: list[Result] = []
        self._unwritten: list[SurroregError] = []
        # Ids of checks are no paths: pytest would look for the files.
        own = [arg for arg in config.args if Path(arg.partition("::")[0]).name == NODE]
        config.args[:] = [arg for arg in config.args if arg not in own]
        self._ids = [arg.partition("::")[2] for arg in own]
        try:
            if self._option("require_nvrtc"):
                nvrtc.load()
            self._known = known.read(config.rootpath / "pyproject.toml")
            self._settings: Settings = Settings(
                required=tuple(self._option("require_device") or ()),
                seed=self._option("seed") or 0,
                strict=self._option("strict"),
                examples=50 if self._option("max_examples") is None else self._option("max_examples"),
            )
            self._reports = [report.destination(file) for file in self._option("report") or ()]
        except SurroregError as error:
            raise pytest.UsageError(f"{FLAG}: {error}") from error

    def _option(self, name: str) -> Any:
        return self._config.getoption(f"surroreg_conformance_{name}")

    def selection(self, *, narrowed: bool = True) -> Selection:
        """Return what the options select; with all surrogates of the plugins, if not ``narrowed``.

        Raises:
            pytest.UsageError: nothing.
        """
        import surroreg
        from surroreg.conformance import targets

        plugins, objects = self._option("plugin") or [], self._option("object") or []
        found = targets.Selection()
        if self._option("builtin") or "builtin" in plugins:
            found += targets.builtin()
        for pattern in plugins or ([] if found.targets or objects else ["*"]):
            found += targets.installed(pattern)
        for reference in objects:
            found += targets.from_object(reference)
        whole = found
        if narrowed and (patterns := self._option("surrogate")):
            found = targets.union(found.matching(pattern) for pattern in patterns)
        if not found.targets and not found.providers:
            if whole.targets:
                names = ", ".join(sorted(target.name for target in whole.targets))
                raise pytest.UsageError(f"{FLAG}: no surrogate matches {', '.join(patterns)}; there are: {names}.")
            namespaces = ", ".join(sorted(info.namespace for info in surroreg.plugins())) or "none"
            raise pytest.UsageError(
                f"{FLAG} selects no surrogate: no installed plugin matches {', '.join(plugins) or '*'} "
                f"(installed: {namespaces}). A plugin that is not installed is checked by "
                "--conformance-object=PACKAGE.MODULE, the built-ins by --conformance-builtin."
            )
        return found

    def items(self) -> list[Item]:
        """Return the checks to run, in a stable order.

        Raises:
            pytest.UsageError: none are selected, or a declared failure matches none.
        """
        from surroreg.conformance import known, runner, targets
        from surroreg.conformance.table import CHECKS
        from surroreg.errors import SurroregError

        all_there_is = self.selection(narrowed=False)
        whole = runner.plan(all_there_is, self._settings.devices)
        away = [provider.namespace for provider in all_there_is.providers if provider.missing]
        try:
            known.refuse_stale(self._known, [item.id for item in whole], away)
        except SurroregError as error:
            raise pytest.UsageError(str(error)) from error
        everything = runner.plan(self.selection(), self._settings.devices)
        patterns = self._option("check") or ["*"]
        chosen = [item for item in everything if item.vital or any(targets.matches(item.check.id, p) for p in patterns)]
        if not chosen:
            raise pytest.UsageError(f"{FLAG}: no check matches {', '.join(patterns)}; there are: {', '.join(CHECKS)}.")
        if not self._ids:
            return chosen
        missing = set(self._ids) - {item.id for item in chosen}
        if missing:
            raise pytest.UsageError(f"{FLAG}: there is no {NODE}::{sorted(missing)[0]} among what is selected.")
        return [item for item in chosen if item.id in self._ids]

    def run(self, item: Item) -> Result:
        """Run one check; declared failures count as such."""
        from surroreg.conformance import known, runner

        return known.judged(runner.run(item, self._settings), self._known)

    # -- hooks ----------------------------------------------------------------------------------

    def pytest_report_header(self) -> str:
        """Return a line that names the declared failures and the seed."""
        return f"{NODE}: known failures declared: {len(self._known)}, seed {self._settings.seed}"

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the checks to the tests, before any of them are deselected.

        They hang on no file: pytest finds none that lies in a virtual environment inside the project.
        """
        # A path of their own would be looked for by --lf.
        checks = _Checks.from_parent(session, name=NODE, nodeid=NODE, conformance=self)
        items.extend(session.genitems(checks))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the results, those of xdist's workers as well."""
        from surroreg.conformance.report import Result

        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call":
                self._results.append(Result(**value))  # type: ignore[arg-type]

    def report(self) -> Report:
        """Return the report of what has run so far, in the order of collection."""
        from surroreg.conformance import runner

        selection = self.selection()
        place = {item.id: number for number, item in enumerate(runner.plan(selection, self._settings.devices))}
        results = sorted(self._results, key=lambda result: place.get(result.id, len(place)))
        return runner.report(selection, results, self._settings)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the results of every surrogate, and the reports; also those that could not be written."""
        from surroreg.errors import printable

        if not self._results:
            return
        report = self.report()
        terminalreporter.section("surroreg conformance")
        for line in report.summary():
            terminalreporter.line(printable(line))
        for path in self._reports:
            terminalreporter.line(f"report: {path}")
        for error in self._unwritten:
            terminalreporter.line(f"ERROR: {error}", red=True)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; xdist's workers leave that to their controller."""
        from surroreg.errors import SurroregError

        if not self._results or not self._reports or hasattr(self._config, "workerinput"):
            return
        report = self.report()
        for path in [*self._reports]:
            try:
                report.write(path)
            except SurroregError as error:  # the other reports, and pytest's own summary, are not lost with it
                self._reports.remove(path)
                self._unwritten.append(error)
                session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


class _Checks(pytest.Collector):
    """The node under which all checks are collected."""

    def __init__(self, *, conformance: Conformance, **rest: Any) -> None:
        super().__init__(**rest)
        self._conformance = conformance

    def collect(self) -> Iterator[pytest.Item]:
        from surroreg.errors import printable

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a plugin that warns when it loads fails a check of its own
            try:
                items = self._conformance.items()
            except pytest.UsageError as error:
                raise self.CollectError(printable(str(error))) from None
        for item in items:
            # With the id as a whole, --lf recognises it: by itself pytest takes the brackets for part of the name.
            nodeid = f"{NODE}::{item.id}"
            yield _Check.from_parent(self, name=item.id, nodeid=nodeid, item=item, conformance=self._conformance)


class _Check(pytest.Item):
    """One check, as a test."""

    def __init__(self, *, item: Item, conformance: Conformance, **rest: Any) -> None:
        super().__init__(**rest)
        self._item = item
        self._conformance = conformance

    def runtest(self) -> None:
        from dataclasses import asdict

        from surroreg.errors import printable

        result = self._conformance.run(self._item)
        self.user_properties.append((PROPERTY, asdict(result)))
        message = printable(result.message)  # the text of a plugin's error is its own
        if result.status == "failed":
            raise _Failed(message)
        if result.status in ("warned", "known"):
            pytest.xfail(message)
        if result.status in ("skipped", "unverified"):
            pytest.skip(f"NOT VERIFIED: {message}" if result.status == "unverified" else message)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, (_Failed, pytest.xfail.Exception)):
            return str(excinfo.value)  # a traceback would be that of the harness, and takes longer than most checks
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.config.rootpath / NODE, None, self._item.id


class _Failed(Exception):
    """A check failed; the message says everything."""
