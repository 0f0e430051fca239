"""Connections that break at random bytes while a command prints: between our two ends no line is lost or told twice.

CUTS=n sets how often (1 000)."""
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
from winrmtest import WINRM, Service, main  # noqa: E402

CUTS = int(os.environ.get("CUTS", "1000"))
PIECE = 65536
LARGEST = 1_200_000  # bytes that a connection may carry: about two of the largest answers


class Cutter(threading.Thread):
    """Hands bytes on between winrm and the service. Once armed, each connection carries a random number of bytes and is
    then broken in both directions, every other one by a reset."""

    def __init__(self, port, cuts):
        super().__init__(daemon=True)
        self.port, self.cuts, self.done, self.armed = port, cuts, 0, False
        self.random = random.Random(20261128)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.number = self.listener.getsockname()[1]
        self.all_cut, self.stopping = threading.Event(), threading.Event()
        self.selector = selectors.DefaultSelector()

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
                # Some break in the handshake, most within an answer.
                pair["left"] = self.random.randrange(LARGEST)
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


class Cut(unittest.TestCase):
    def test_every_line_arrives_once_and_in_order(self):
        with Service() as service, tempfile.TemporaryDirectory() as folder:
            stop = pathlib.Path(folder, "stop")
            cutter = Cutter(service.port, CUTS)
            cutter.start()
            command = f"i=0; while [ ! -e {stop} ]; do seq $((i + 1)) $((i + 20000)); i=$((i + 20000)); done; echo end $i; exit 7"
            url = service.url.replace(f":{service.port}/", f":{cutter.number}/")
            child = subprocess.Popen([WINRM, "run", url, "-u", service.user, "--ca", service.ca, "--",
                                      command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                     env={**os.environ, "WINRM_PASSWORD": service.password})
            number = 0
            for line in child.stdout:
                if line.startswith(b"end"):
                    break
                number += 1
                self.assertEqual(line, b"%d\n" % number, f"after {cutter.done} cuts")
                if number == 1:
                    cutter.armed = True
                if cutter.all_cut.is_set():
                    stop.touch()
            rest, errors = child.communicate()
            cutter.stopping.set()
            self.assertEqual(line, b"end %d\n" % number, errors)
            self.assertEqual((rest, errors, child.returncode), (b"", b"", 7))
            self.assertGreaterEqual(cutter.done, CUTS)


if __name__ == "__main__":
    main()
