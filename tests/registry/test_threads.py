"""Several threads at once: one scan, one import, one warning, no deadlock."""

from __future__ import annotations

import threading

import pytest

from surroreg.specs import SurrogateSpec

# Runs a function in eight threads that start together; returns the list of their results and errors.
TOGETHER = """
import json, sys, threading, warnings
import surroreg

started = threading.Event()

def together(function, count=8):
    barrier, results = threading.Barrier(count), []
    def run():
        barrier.wait()
        try:
            results.append(function())
        except BaseException as error:
            results.append(repr(error))
    threads = [threading.Thread(target=run, daemon=True) for _ in range(count)]
    [thread.start() for thread in threads]
    started.set()
    [thread.join(60) for thread in threads]
    assert len(results) == count, "stuck"
    return results

warnings.simplefilter("always")
sys.setswitchinterval(1e-5)
"""

# A plugin whose import waits until all threads have started, and counts itself.
SLOW = "import sys, __main__\nsys.imports = getattr(sys, 'imports', 0) + 1\n__main__.started.wait(60)\n"


def test_threads_that_ask_at_once_share_one_scan_and_one_import(environment):
    environment.plugin("acme", then=SLOW)
    environment.plugin("good", "hill")
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    code = """
from surroreg.registry.metadata import metadata
scans, distributions = [], metadata.distributions
metadata.distributions = lambda *a, **k: scans.append(1) or distributions(*a, **k)
caught = []
warnings.showwarning = lambda message, *rest: caught.append(str(message))
questions = [
    lambda: ["acme/bump" in surroreg.names(), "good/hill" in surroreg.names()],
    lambda: [surroreg.spec("acme/bump").name == "bump", surroreg.spec("hill").name == "hill"],
    lambda: [surroreg.spec("atan").name == "atan", "acme" in [p.namespace for p in surroreg.plugins()]],
]
turn = iter(questions * 4)
answers = together(lambda: next(turn)(), 12)
warned = [text for text in caught if "broken-surrogates" in text]
print(json.dumps([answers, len(scans), sys.imports, len(warned)]))
"""
    answers, scans, imports, warnings = environment.run(TOGETHER + code).json
    assert answers == [[True, True]] * 12
    assert (scans, imports, warnings) == (1, 1, 1)


def test_deprecated_alias_asked_by_many_threads_warns_once(environment):
    environment.plugin("acme", deprecated=["old"])
    code = """
caught = []
warnings.showwarning = lambda message, *rest: caught.append(str(message))
names = together(lambda: surroreg.spec("acme/old").name)
print(json.dumps([names, len([text for text in caught if "acme/old" in text])]))
"""
    assert environment.run(TOGETHER + code).json == [["bump"] * 8, 1]


def test_threads_can_register_at_once(environment):
    code = """
from surroreg import SurrogateSpec
number = iter(range(1000))
def register():
    for _ in range(25):
        surroreg.register(SurrogateSpec(name=f"made_{next(number)}", derivative="m:f"))
    return "done"
results = together(register)
print(json.dumps([results, len(surroreg.names("made_*", namespace="local"))]))
"""
    assert environment.run(TOGETHER + code).json == [["done"] * 8, 200]


class Meddled:
    """A lock, at every release of which another thread is quick to refresh."""

    def __init__(self):
        self.lock, self.meddle, self.times = threading.RLock(), None, 0

    def acquire(self):
        return self.lock.acquire()

    def release(self):
        self.lock.release()

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()
        meddle, self.meddle = self.meddle, None  # the refresh takes and releases it, too
        if meddle is not None:
            meddle()
            self.meddle, self.times = meddle, self.times + 1


def test_refresh_during_a_lookup_does_not_disturb_it(monkeypatch, with_scan):
    lock = Meddled()
    with monkeypatch.context() as patched:
        patched.setattr(threading, "RLock", lambda: lock)
        registry = with_scan()
    registry.register(SurrogateSpec(name="mine", derivative="m:f"))
    registry.refresh()
    lock.meddle = registry.refresh
    assert registry.spec("atan").name == "atan"
    assert registry.spec("mine").name == "mine"
    assert registry.names("mine") == ["local/mine"]
    assert registry.plugins() == []
    assert lock.times > 0


# One thread imports the module by hand, and the module asks the registry. Another thread asks the registry, which
# imports the module. Neither thread may wait for a lock that the other holds.
IMPORTED_BY_BOTH = """
import threading, __main__
__main__.importing.set()
__main__.asking.wait(60)
import surroreg
seen = surroreg.names()
"""
TWO_WAYS = """
importing, asking, answers = threading.Event(), threading.Event(), []
by_hand = threading.Thread(target=__import__, args=(MODULE,), daemon=True)
by_hand.start()
importing.wait(60)
by_name = threading.Thread(target=lambda: answers.append("acme/bump" in surroreg.names()), daemon=True)
by_name.start()
by_name.join(20)
by_hand.join(1 if by_name.is_alive() else 60)
print(json.dumps([by_name.is_alive(), by_hand.is_alive(), answers]), flush=True)
import os; os._exit(0)  # the interpreter would wait for the locks
"""


def test_plugin_imported_by_hand_and_by_name_does_not_deadlock(environment):
    environment.plugin("acme", then=IMPORTED_BY_BOTH)
    code = """
import importlib
import_module = importlib.import_module
def about_to_import(name, *package):
    if name == "surroreg_acme":
        asking.set()
    return import_module(name, *package)
importlib.import_module = about_to_import
MODULE = "surroreg_acme"
"""
    assert environment.run(TOGETHER + code + TWO_WAYS).json == [False, False, [True]]


def test_module_imported_by_hand_and_by_hook_does_not_deadlock(environment):
    hook = "def surroreg_surrogates():\n    import __main__\n    __main__.asking.set()\n    import surroreg_parts\n"
    environment.install(
        "acme-surrogates",
        entry_points={"acme": "surroreg_acme"},
        modules={
            "surroreg_acme": environment.source("bump").replace("def surroreg_surrogates():\n", hook),
            "surroreg_parts": IMPORTED_BY_BOTH,
        },
    )
    assert environment.run(TOGETHER + "MODULE = 'surroreg_parts'\n" + TWO_WAYS).json == [False, False, [True]]


# A hook that counts its calls, and waits until all threads have started.
COUNTED = """
    import sys, time, __main__
    sys.calls = getattr(sys, "calls", 0) + 1
    __main__.started.wait(60)
    time.sleep(0.2)
"""


@pytest.mark.parametrize("then", ["", "    raise ValueError('not today')\n"], ids=["works", "raises"])
def test_hook_asked_by_many_threads_is_called_once(environment, then):
    hook = f"def surroreg_surrogates():\n{COUNTED}{then}"
    source = environment.source("bump").replace("def surroreg_surrogates():\n", hook)
    environment.install("acme-surrogates", entry_points={"acme": "surroreg_acme"}, modules={"surroreg_acme": source})
    code = """
caught = []
warnings.showwarning = lambda message, *rest: caught.append(str(message))
answers = together(lambda: "acme/bump" in surroreg.names())
print(json.dumps([answers, sys.calls, len([text for text in caught if "acme" in text])]))
"""
    assert environment.run(TOGETHER + code).json == [[not then] * 8, 1, bool(then)]


def test_plugin_that_fails_at_import_is_imported_once(environment):
    environment.plugin("acme", then=SLOW + "raise ValueError('not today')\n")
    code = """
warnings.simplefilter("ignore")
print(json.dumps([together(lambda: "acme/bump" in surroreg.names()), sys.imports]))
"""
    assert environment.run(TOGETHER + code).json == [[False] * 8, 1]


# In another thread the registry is at work while the process forks; both processes then ask.
FORK = """
import os
working, go_on = threading.Event(), threading.Event()

def wait():
    if threading.current_thread() is not threading.main_thread():
        working.set()
        go_on.wait(60)

def ask():
    return sorted({"atan", "acme/bump", "good/bump"} & {*surroreg.names()}) + [surroreg.spec("good/bump").name]

def fork():
    thread = threading.Thread(target=surroreg.names)
    thread.start()
    working.wait(60)
    threading.Timer(0.5, go_on.set).start()
    child = os.fork()
    if not child:
        watch = threading.Timer(30, os._exit, [3])
        watch.start()
        os._exit(0 if ask() == ["acme/bump", "atan", "good/bump", "bump"] else 4)
    go_on.set()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    thread.join(60)
    print(json.dumps([code, ask()]))
"""


@pytest.mark.parametrize("moment", ["scan", "hook"])
def test_process_forked_while_a_thread_works_goes_on(environment, moment):
    environment.plugin("good")
    source = environment.source("bump")
    if moment == "hook":
        source = source.replace("surrogates():\n", "surrogates():\n    import __main__; __main__.wait()\n")
    environment.install("acme-surrogates", entry_points={"acme": "surroreg_acme"}, modules={"surroreg_acme": source})
    code = ""
    if moment == "scan":
        code = """
from surroreg.registry import process
from surroreg.registry import discovery
scan = discovery.scan
def slow():
    wait()
    return scan()
process.registry = surroreg.registry.Registry(slow)
"""
    warnings = "\nwarnings.simplefilter('ignore')\n"  # Python warns of forks of processes with threads
    assert environment.run(TOGETHER + FORK + code + warnings + "fork()").json == [
        0,
        ["acme/bump", "atan", "good/bump", "bump"],
    ]
