"""Connections that break at random bytes while a command prints: between our two ends no line is lost or told twice.

CUTS=n sets how often in all (1 000), COMMANDS=n how many commands at the same time share them (4)."""
import os
import pathlib
import random
import selectors
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import BASIC, WINRM, Service, main  # noqa: E402

CUTS = int(os.environ.get("CUTS", "1000"))
COMMANDS = int(os.environ.get("COMMANDS", "4"))
PIECE = 65536
ENVELOPE_KB = 64  # smaller answers, so that many connections need not carry much
HANDSHAKE = 8_000  # bytes, at most: TLS's beginning and the first request
ANSWER = 72_000  # bytes, at most: one answer with everything around it
EARLY = 50  # every so many cuts one more comes before an answer has arrived: the client rests a second then


class Cutter(threading.Thread):
    """Hands bytes on between winrm and the service. Once armed, each connection carries a random number of bytes and is
    then broken in both directions, every other one by a reset. The client gives up when several connections in a row
    bring it nothing (shell/pace.h), so that most of them carry at least one answer."""

    def __init__(self, port, cuts, seed):
        super().__init__(daemon=True)
        self.port, self.cuts, self.done, self.armed, self.early = port, cuts, 0, False, 0
        self.random = random.Random(seed)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.number = self.listener.getsockname()[1]
        self.all_cut, self.stopping = threading.Event(), threading.Event()
        self.selector = selectors.DefaultSelector()

    def budget(self):
        if self.done % EARLY == EARLY // 2:
            self.early += 1
            # Every other one in the handshake or the request, the others anywhere in what the connection carries first.
            return self.random.randrange(HANDSHAKE if self.early % 2 else HANDSHAKE + ANSWER)
        return HANDSHAKE + ANSWER + self.random.randrange(2 * ANSWER)

    def open(self):
        client, _ = self.listener.accept()
        host = socket.create_connection(("127.0.0.1", self.port))
        pair = {"left": None, "ends": (client, host)}
        for one, other in ((client, host), (host, client)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.selector.register(one, selectors.EVENT_READ, (pair, one, other))

    def close(self, pair, reset=False):
        for end in pair["ends"]:
            self.selector.unregister(end)
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()

    def move(self, pair, one, other):
        try:
            data = one.recv(PIECE)
            if not data:
                return self.close(pair)
            if self.armed and pair["left"] is None:
                pair["left"] = self.budget()
            cut = pair["left"] is not None and pair["left"] <= len(data)
            other.sendall(data[:pair["left"]] if cut else data)
        except OSError:
            return self.close(pair)
        if pair["left"] is None:
            return None
        pair["left"] -= len(data)
        if cut:
            self.done += 1
            self.armed = self.done < self.cuts
            self.close(pair, reset=self.done % 2 == 0)
            if not self.armed:
                self.all_cut.set()
        return None

    def run(self):
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        while not self.stopping.is_set():
            for key, _ in self.selector.select(0.2):
                if key.data is None:
                    self.open()
                elif key.fileobj.fileno() >= 0:  # not closed in this round
                    self.move(*key.data)


class Run(threading.Thread):
    """One command through a cutter. `wrong` says what went wrong."""

    def __init__(self, service, stop, cuts, seed):
        super().__init__()
        self.cutter = Cutter(service.port, cuts, seed)
        self.stop, self.wrong = stop, "it did not end"
        command = (f"i=0; while [ ! -e {stop} ]; do seq -f %099.0f $((i + 1)) $((i + 2000)); i=$((i + 2000)); done; "
                   "echo end $i; exit 7")
        url = service.url.replace(f":{service.port}/", f":{self.cutter.number}/")
        self.child = subprocess.Popen([WINRM, "run", url, "-u", service.user, *BASIC, "--ca", service.ca, "--", command],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                      env={**os.environ, "WINRM_PASSWORD": service.password})

    def read_lines(self):
        number, cutter = 0, self.cutter
        for line in self.child.stdout:
            if line.startswith(b"end"):
                rest, errors = self.child.communicate()
                end = (line, rest, errors, self.child.returncode)
                return None if end == (b"end %d\n" % number, b"", b"", 7) else f"it ended with {end}"
            number += 1
            if line != b"%099d\n" % number:
                return f"line {number} is {line}"
            if number == 1:
                cutter.armed = True
            if cutter.all_cut.is_set():
                self.stop.touch()
        return f"the output ends: {self.child.communicate()[1]}"

    def run(self):
        self.cutter.start()
        self.wrong = self.read_lines()
        self.child.kill()
        self.child.wait()
        self.cutter.stopping.set()


class Cut(unittest.TestCase):
    def test_every_line_arrives_once_and_in_order(self):
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder, "winrmd.toml")
            config.write_text(f"[limits]\nmax_envelope_kb = {ENVELOPE_KB}\n")
            with Service("--config", str(config)) as service:
                share = -(-CUTS // COMMANDS)
                runs = [Run(service, pathlib.Path(folder, f"stop{n}"), share, n) for n in range(COMMANDS)]
                for run in runs:
                    run.start()
                for run in runs:
                    run.join()
                for run in runs:
                    self.assertIsNone(run.wrong, f"after {run.cutter.done} cuts")
                    self.assertGreaterEqual(run.cutter.done, share)


if __name__ == "__main__":
    main()
