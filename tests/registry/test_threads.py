"""Several threads at once: one scan, one import, one warning, no deadlock."""

from __future__ import annotations

import threading

from surroreg.specs import SurrogateSpec

# Runs a function in eight threads that start together; tells the set of what they returned or raised.
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

# A plugin whose import lasts until all threads are there, and counts itself.
SLOW = "import sys, __main__\nsys.imports = getattr(sys, 'imports', 0) + 1\n__main__.started.wait(60)\n"


def test_threads_that_ask_at_once_share_one_scan_and_one_import(environment):
    environment.plugin("acme", then=SLOW)
    environment.plugin("good", "hill")
    environment.install("broken-surrogates", entry_points={"broken": "nowhere_to_be_found"})
    code = """
from surroreg._compat import metadata
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
told = [text for text in caught if "broken-surrogates" in text]
print(json.dumps([answers, len(scans), sys.imports, len(told)]))
"""
    answers, scans, imports, warnings = environment.run(TOGETHER + code).json
    assert answers == [[True, True]] * 12
    assert (scans, imports, warnings) == (1, 1, 1)


def test_a_deprecated_alias_warns_once_however_many_threads_ask(environment):
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

    def __enter__(self):
        self.lock.acquire()

    def __exit__(self, *_):
        self.lock.release()
        meddle, self.meddle = self.meddle, None  # the refresh takes and releases it, too
        if meddle is not None:
            meddle()
            self.meddle, self.times = meddle, self.times + 1


def test_a_refresh_at_the_worst_moment_does_not_disturb_a_lookup(monkeypatch, with_scan):
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


def test_a_plugin_that_asks_for_names_while_another_thread_imports_it_does_not_deadlock(environment):
    # One thread imports the plugin by hand, and that asks the registry; the other asks the registry,
    # and that imports the plugin. Each must not wait for what the other holds.
    then = "import threading, __main__\n__main__.importing.set()\n__main__.asking.wait(60)\n"
    environment.plugin("acme", then=then + "import surroreg\nseen = surroreg.names()\n")
    code = """
import importlib
importing, asking = threading.Event(), threading.Event()
import_module = importlib.import_module
def about_to_import(name, *package):
    if name == "surroreg_acme":
        asking.set()
    return import_module(name, *package)
importlib.import_module = about_to_import

by_hand = threading.Thread(target=__import__, args=("surroreg_acme",), daemon=True)
by_hand.start()
importing.wait(60)
answers = []
by_name = threading.Thread(target=lambda: answers.append("acme/bump" in surroreg.names()), daemon=True)
by_name.start()
by_name.join(5)
by_hand.join(5)
print(json.dumps([by_name.is_alive(), by_hand.is_alive(), answers]), flush=True)
import os; os._exit(0)  # the interpreter would wait for the locks
"""
    assert environment.run(TOGETHER + code).json == [False, False, [True]]
