"""Files and reports survive full disks, odd places and failures."""

from __future__ import annotations

import json
import os
import stat
import threading

import pytest

from surroreg import SurroregError, files
from tests.attacks.commands import ONE, call, is_clear, need_linux, run

need_linux()


@pytest.mark.parametrize(("name", "code", "shown"), [("atan", 2, "1 passed"), ("fail/raises", 1, "1 failed")])
def test_report_that_fails_loses_no_other(name, code, shown, workplace, capfd):
    (workplace / "full.md").symlink_to("/dev/full")
    status, out, err = call(capfd, "check", name, *ONE, "--report", "full.md", "--report", "r.json")
    assert status == code
    assert shown in out
    assert f"surroreg: cannot write '{workplace}/full.md': No space left on device." in err
    assert json.loads((workplace / "r.json").read_text())["counts"]
    assert sorted(os.listdir(workplace)) == ["full.md", "r.json"]


@pytest.mark.parametrize(
    "report", ["/proc/r.json", "nowhere/r.json", "folder.json", "x" * 300 + ".json", "a\0.json", "", "locked.json"]
)
def test_impossible_report_is_refused_before_the_run(report, workplace, capfd):
    (workplace / "folder.json").mkdir()
    (workplace / "locked.json").touch(mode=0o400)
    if report == "locked.json" and os.access(report, os.W_OK):
        pytest.skip("the superuser may write anywhere")
    code, out, err = call(capfd, "check", "atan", *ONE, "--report", "r.md", "--report", report)
    assert (code, out) == (2, "")
    assert err.startswith(("surroreg: cannot write ", "surroreg: a report is written as "))
    assert sorted(os.listdir(workplace)) == ["folder.json", "locked.json"]


@pytest.mark.parametrize("command", ["explore -o", "plot atan -o"])
def test_file_on_a_full_disk_is_left_unchanged(command, bare, tmp_path):
    old = tmp_path / "old.svg"
    old.write_text("precious")
    done = run(bare, *command.split(), "old.svg", folder=tmp_path, limits="ulimit -f 8;")  # blocks of 512 bytes
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("surroreg: cannot write 'old.svg': File too large.\n")
    assert is_clear(done.stderr)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old.svg": "precious"}


def test_replaced_file_keeps_mode_and_link(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to("target")
    files.refuse_unwritable(link)
    assert target.read_bytes() == b"old"
    files.write(link, b"new")
    assert (link.is_symlink(), target.read_bytes()) == (True, b"new")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert len(os.listdir(tmp_path)) == 2


def test_new_file_has_the_default_mode(tmp_path):
    (tmp_path / "other").touch()
    (tmp_path / "link").symlink_to("new")
    files.refuse_unwritable(tmp_path / "link")
    assert not (tmp_path / "new").exists()
    files.write(tmp_path / "link", b"new")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_pipe_and_device_are_written_to_directly(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    files.refuse_unwritable(pipe)
    files.write(pipe, b"x" * 100_000)
    reader.join()
    assert read == [b"x" * 100_000]
    files.write("/dev/null", b"x")
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)
    with pytest.raises(SurroregError, match="cannot write '/dev/full': No space left on device"):
        files.write("/dev/full", b"x")
    assert os.listdir(tmp_path) == ["pipe"]


@pytest.mark.parametrize("failing", ["replace", "chmod"])
def test_failed_write_leaves_no_file_behind(failing, tmp_path, monkeypatch):
    def fails(*_):
        raise OSError(5, "Input/output error")

    (tmp_path / "old").write_text("precious")
    monkeypatch.setattr(os, failing, fails)
    with pytest.raises(SurroregError, match=r"cannot write .*: Input/output error"):
        files.write(tmp_path / "old", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"old": "precious"}


def test_file_that_cannot_be_replaced_is_written_in_place(tmp_path, monkeypatch):
    def busy(*_):
        raise OSError(16, "Device or resource busy")  # as of a file that is mounted

    (tmp_path / "mounted").write_text("a longer text")
    monkeypatch.setattr(os, "replace", busy)
    files.write(tmp_path / "mounted", b"new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"mounted": "new"}


def test_page_for_standard_output_is_the_whole_answer(bare):
    done = run(bare, "explore", "-o", "/dev/stdout")
    assert done.returncode == 0
    assert done.stdout.startswith("<!DOCTYPE html>")
    assert done.stdout.rstrip().endswith("</html>")
