"""PowerShell's shells with compressed streams, both ends ours: a scripted PowerShell behind winrmd, and where there is one the real pwsh on both sides."""
import base64
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import test_powershell_bridge as bridge  # noqa: E402
from psrp import fragments  # noqa: E402
from winrmtest import PATIENCE, Service, main  # noqa: E402

MEDIATOR = pathlib.Path(__file__).resolve().parents[1] / "support" / "mediator.py"
ZERO = str(uuid.UUID(int=0))


class Conversation:
    """`winrm psrp` on pipes, one packet at a time."""

    def __init__(self, service, *options):
        self.trace = tempfile.NamedTemporaryFile()
        self.process = subprocess.Popen(service.args("psrp", "--trace", self.trace.name, *options), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env={**os.environ, "WINRM_PASSWORD": service.password})
        self.pool = uuid.uuid4()
        self.got = {}

    def say(self, name, guid, raw=None):
        """@return when it is acknowledged"""
        line = f"<{name} PSGuid='{guid}' />" if raw is None else f"<Data Stream='Default' PSGuid='{guid}'>{base64.b64encode(raw).decode()}</Data>"
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        ack = f"<{name}Ack PSGuid='{guid}'"
        self.until(lambda line: line.startswith(ack))

    def until(self, wanted):
        for line in self.process.stdout:
            line = line.decode()
            data = re.match(r"<Data Stream='\w+' PSGuid='([^']+)'>([^<]+)<", line)
            if data:
                self.got[data[1]] = self.got.get(data[1], b"") + base64.b64decode(data[2])
            if wanted(line):
                return
        raise AssertionError(f"the conversation has ended: {self.process.wait()}")

    def open(self):
        self.say("Data", ZERO, fragments(0x10002, b"<Obj/>", 1, self.pool.bytes) + fragments(
            0x10004, b'<Obj><MS><I32 N="MinRunspaces">1</I32><I32 N="MaxRunspaces">3</I32></MS></Obj>', 2, self.pool.bytes))

    def run(self, words, *then):
        guid = str(uuid.uuid4())
        self.say("Command", guid)
        self.say("Data", guid, fragments(0x21006, words.encode(), 3, self.pool.bytes))
        for more in then:
            self.say("Data", guid, more)
        if b"PipelineState" not in self.got.get(guid, b""):
            self.until(lambda _: b"PipelineState" in self.got.get(guid, b""))
        self.say("Close", guid)
        return self.got[guid]

    def close(self):
        self.say("Close", ZERO)
        self.process.stdin.close()
        self.process.stdout.close()
        assert self.process.wait(PATIENCE) == 0
        return pathlib.Path(self.trace.name).read_text(errors="replace")


class Scripted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.service = Service("--pwsh", str(MEDIATOR))

    @classmethod
    def tearDownClass(cls):
        cls.service.stop()

    def test_both_ways_and_smaller(self):
        sizes = []
        for options in ((), ("--compress",)):
            talk = Conversation(self.service, *options)
            talk.open()
            self.assertEqual(talk.run("[flood 300000]").count(b"x"), 300000)
            sent = fragments(0x41002, b"<S>" + b"in" * 100000 + b"END</S>", 4, talk.pool.bytes)
            self.assertIn(b"<S>%d</S>" % len(sent), talk.run("[input]", sent), "what PowerShell has read")
            trace = talk.close()
            self.assertEqual(trace.count("XpressCompression"), len(options))
            self.assertEqual("CompressionType" in trace, bool(options))
            sizes.append(len(trace))
        self.assertLess(sizes[1], sizes[0] / 3)


class RealPowerShell(bridge.Bridge):
    """All that the bridge does, compressed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        plain = cls.service.args
        cls.service.args = lambda *words, **more: [*plain(*words, **more), "--compress"]


if __name__ == "__main__":
    main()
