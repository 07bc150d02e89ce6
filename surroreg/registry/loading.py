"""Load each plugin when it is first needed, and record the result.

The rules: a plugin that fails costs one warning and nothing else; the order of plugins decides nothing; several threads
may ask at once, and so may a plugin that is still being imported.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from surroreg.errors import MissingLibraryError, PluginLoadError, PluginWarning, SurroregError, shortened, warn
from surroreg.registry import discovery
from surroreg.registry.discovery import Candidate, Remark, Switches
from surroreg.registry.inventory import PluginInfo, Status
from surroreg.registry.loader import UNFINISHED, Namespace, because, imported, provided
from surroreg.registry.qualified import BUILTIN, LOCAL

#: Seconds for which a fork waits for other threads. Without a limit, a fork by a plugin that another thread imports
#: would never end.
PATIENCE = 10


class Plugins:
    """The installed plugins, each loaded when it is first needed.

    Args:
        scan: returns the installed plugin candidates and remarks, as :func:`surroreg.registry.discovery.scan`.

    Attributes:
        lock: held while any of the other attributes changes.
        local: the specs that this process has registered, by namespace. If a plugin fails, its specs are removed.
        loaded: the specs of the plugins loaded so far, by namespace.
    """

    def __init__(self, scan: Callable[[], tuple[list[Candidate], list[Remark]]] = discovery.scan) -> None:
        self._scan = scan
        self.lock = threading.RLock()
        self.local: dict[str, Namespace] = {}
        self._untold: list[str] = []
        #: Which thread is loading which plugin.
        self._busy: set[tuple[int, Candidate]] = set()
        self._rest = threading.Condition(self.lock)
        self._forget()

    def infos(self) -> list[PluginInfo]:
        """Load every enabled plugin; return a report on each plugin, sorted by namespace."""
        self._load()
        return sorted(self._infos, key=lambda info: (info.namespace, info.distribution))

    def refresh(self) -> None:
        """Forget plugins and scan again when next needed; see :func:`surroreg.refresh`."""
        with self.lock:
            importlib.invalidate_caches()
            self._forget()

    def _forget(self) -> None:
        self.loaded: dict[str, Namespace] = {}
        self._turns: dict[Candidate, threading.Lock] = {}
        self._results: dict[Candidate, Any] = {}
        self._waiting: dict[str, list[Candidate]] | None = None
        self._infos: list[PluginInfo] = []
        self._strict = False

    def spaces(self, namespace: str | None = None) -> list[Namespace]:
        """Load the third-party plugins, or those of one namespace, and return their specs."""
        found = self._load(namespace)
        for info in self._infos if self._strict else []:
            if info.status == "failed" and info.error is not None and namespace in (None, info.namespace):
                raise info.error
        return found

    def _load(self, namespace: str | None = None) -> list[Namespace]:
        """Load the candidates of one namespace, or all; return their specs, and those given to ``register``."""
        fetched: dict[Candidate, Any] = {}
        while True:
            with self.lock:
                waiting = self._discovered()
                wanted = {name: rivals for name, rivals in waiting.items() if namespace in (None, name)}
                for name, rivals in sorted(wanted.items()):
                    if all(candidate in fetched for candidate in rivals):
                        self._settle(name, rivals, fetched)
                missing = [(c, rivals) for rivals in wanted.values() for c in rivals if c not in fetched]
                if not missing:
                    spaces = {**self.local, **self.loaded}
                    break
            # Without the lock: this import may wait for an import of another thread, and that thread for the lock.
            for candidate, rivals in missing:
                fetched[candidate] = self._fetch(candidate, rivals)
        # Last: a warning may be raised as an error, and the registry must be complete by then.
        while (text := self._next_warning()) is not None:
            warn(text, PluginWarning)
        return [spaces[name] for name in sorted(spaces) if namespace in (None, name)]

    def _next_warning(self) -> str | None:
        with self.lock:
            return self._untold.pop(0) if self._untold else None

    def _discovered(self) -> dict[str, list[Candidate]]:
        """Return the candidates that are not settled yet, by namespace; scan the environment on the first call."""
        if self._waiting is None:
            switches = Switches.read()
            found, remarks = self._scan()
            self._strict = switches.strict
            self._waiting = {}
            for candidate in found:
                if switches.admit(candidate.namespace, candidate.distribution):
                    self._waiting.setdefault(candidate.namespace, []).append(candidate)
                else:
                    self._note(candidate, "disabled")
            self._untold += [text for distribution, text in remarks if switches.admit(distribution)]
            self._untold += [
                f"SURROREG_PLUGINS or SURROREG_DISABLE_PLUGINS names {entry!r}, which is no installed plugin."
                for entry in switches.unmatched(found)
            ]
        return self._waiting

    def _fetch(self, candidate: Candidate, rivals: list[Candidate]) -> Any:
        """Return a plugin's namespace, ``UNFINISHED`` while the plugin is still being imported, or its exception.

        One thread imports the plugin and calls its hook; other threads wait. A thread in the middle of an import
        repeats the work instead, because the first thread may be about to wait for that import.
        """
        work = (threading.get_ident(), candidate)
        with self.lock:
            if work in self._busy:  # the plugin's own import or hook asks the registry
                return UNFINISHED
            self._busy.add(work)
            results, turn = self._results, self._turns.setdefault(candidate, threading.Lock())
        has_turn = False
        try:
            has_turn = turn.acquire(blocking=not _is_importing())
            if candidate not in results:
                result = self._provided(candidate, rivals)
                if result is UNFINISHED:
                    return result
                results[candidate] = result
            return results[candidate]
        finally:
            if has_turn:
                turn.release()
            with self.lock:
                self._busy.discard(work)
                self._rest.notify_all()

    @staticmethod
    def _provided(candidate: Candidate, rivals: list[Candidate]) -> Any:
        try:
            if candidate.namespace in (BUILTIN, LOCAL):
                raise SurroregError(f"the namespace {candidate.namespace!r} is reserved")
            if len(rivals) > 1:
                others = [rival for rival in rivals if rival is not candidate]
                owners = [f"{r.distribution} {r.version}" for r in others if r.distribution != candidate.distribution]
                claims = owners or [f"its own entry point {shortened(rival.value)}" for rival in others]
                raise SurroregError(f"the namespace {candidate.namespace!r} is also claimed by {', '.join(claims)}")
            plugin = imported(candidate)
            return plugin if plugin is UNFINISHED else provided(candidate.namespace, plugin)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit and the like too
            return error

    def _settle(self, namespace: str, rivals: list[Candidate], fetched: dict[Candidate, Any]) -> None:
        """Record what was fetched for a namespace."""
        if any(fetched[candidate] is UNFINISHED for candidate in rivals):
            return
        for candidate in rivals:
            space = fetched[candidate]
            for other in self.loaded.values():
                if type(space) is Namespace and space.specs == other.specs:
                    space = SurroregError(
                        f"it is the plugin {other.name!r} under another name; give one namespace only"
                    )
            # Not isinstance: a plugin's exception may define its own __class__.
            if issubclass(type(space), MissingLibraryError):  # no failure, so no warning; load raises with the reason
                error = PluginLoadError(f"{candidate.described} offers nothing here: {because(space)}.")
                self._note(candidate, "unavailable", error=error)
                continue
            if type(space) is not Namespace:
                self._fail(candidate, space)
                continue
            if namespace in self.local:
                self._untold.append(f"{candidate.described} hides what was registered as '{namespace}/...'.")
            self.loaded[namespace] = space
            self._note(candidate, "loaded", surrogates=tuple(sorted(space.specs)))
        self._discovered().pop(namespace)

    def _fail(self, candidate: Candidate, cause: BaseException) -> None:
        error = PluginLoadError(
            f"{candidate.described} cannot be used: {because(cause)}. "
            f"Everything else works; SURROREG_DISABLE_PLUGINS={candidate.switch} leaves it out."
        )
        error.__cause__ = cause
        self._note(candidate, "failed", error=error)
        self._untold.append(str(error))
        # Remove the specs that the plugin registered while it was imported.
        module = candidate.value.partition("[")[0].partition(":")[0].strip() + "."
        for name, space in list(self.local.items()):
            homes = {spec.name: spec.origin.partition(":")[0] + "." for spec in space.specs.values()}
            its_own = {name for name, home in homes.items() if home.startswith(module)}
            self.local[name] = space.without(its_own)
            if not self.local[name].specs:
                del self.local[name]

    def _note(self, candidate: Candidate, status: Status, **rest: Any) -> None:
        self._infos.append(PluginInfo(candidate.namespace, candidate.distribution, candidate.version, status, **rest))

    def before_fork(self) -> None:
        """Wait until no other thread changes the registry or imports a plugin.

        Other threads do not exist in the new process: a lock that such a thread holds, of a module for example, would
        never be released there.
        """
        self.lock.acquire()
        me = threading.get_ident()
        self._rest.wait_for(lambda: all(thread == me for thread, _ in self._busy), timeout=PATIENCE)

    def after_fork(self, *, is_child: bool) -> None:
        """Release the lock, in either process."""
        if is_child:  # other threads do not exist here: drop their work
            self._turns = {}
            self._busy = {work for work in self._busy if work[0] == threading.get_ident()}
        self.lock.release()


def _is_importing() -> bool:
    """Whether the calling thread is importing a module, and so holds that module's lock."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False
