"""Ctrl-C ends a command with status 130 and without a traceback, whatever Python or XLA are doing when it comes."""

import os
import signal
import subprocess
import sys
import time

import pytest

BEGIN = "import os, signal, sys, time\nfrom jaxgan import cli\nfrom jaxgan.processes import interrupt\n"
IN_A_FINALISER = """
class Held:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)

def work(argv):
    held = Held()
    del held
    time.sleep(30)
"""
IN_AN_IMPORT = """
def work(argv):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
    except KeyboardInterrupt as error:
        raise ImportError("while initializing the extension") from error
"""
LOST = """
from jaxgan.training.loop import Signals

def work(argv):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(30)
    except KeyboardInterrupt:
        pass
    with Signals():
        time.sleep(30)
"""
BESIDE_A_THREAD = """
import threading

def work(argv):
    threading.Thread(target=time.sleep, args=(30,)).start()  # as of a compilation: the interpreter's own end waits for it
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(30)
"""


@pytest.mark.parametrize("work", [IN_A_FINALISER, IN_AN_IMPORT, LOST, BESIDE_A_THREAD])
def test_an_interrupt_is_never_lost(work):
    begun = time.perf_counter()
    code = f"{BEGIN}{work}\ncli._dispatch = work\nsys.argv = ['jaxgan', 'train']\nsys.exit(cli.main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 130 and not done.stderr
    assert time.perf_counter() - begun < 25


def test_a_fault_keeps_its_traceback():
    code = f"{BEGIN}\ncli._dispatch = lambda argv: 1 / 0\nsys.argv = ['jaxgan', 'train']\nsys.exit(cli.main())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [0.5, 1.5])
def test_an_interrupt_while_xla_compiles_is_no_crash(seconds, tmp_path):
    argv = ["train", "dcgan", "--data", "digits", "--resolution", "32", "--width", "16", "--steps", "3000"]
    code = "import sys; from jaxgan.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *argv, "--out", str(tmp_path / "run")]
    empty = os.environ | {"JAXGAN_CACHE": str(tmp_path / "cache"), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=empty) as process:
        process.stdout.readline()
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in err
