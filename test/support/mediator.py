#!/usr/bin/python3
"""A scripted PowerShell for tests of the service's bridge: speaks the line grammar of `pwsh -SSHServerMode` and as much of MS-PSRP as
a client needs to see a pool open and pipelines end. What a pipeline does is said by words anywhere in the bytes that begin it:

    [echo TEXT] [flood BYTES] [later SECONDS] [input] [fail] [hang] [deaf] [die] [junk] [error] [break] [close] [long] [stray]

It checks what it is sent: a second packet for a guid before its acknowledgement, anything for a pipeline before its CommandAck, a
second Close, or an acknowledgement from the client end it with status 3 and a line on stderr. MEDIATOR in the environment chooses how it
starts: "silent" acknowledges nothing, "dead" ends at once, "slow" takes a second.
"""
import base64
import os
import re
import struct
import sys
import threading
import time

ZERO = "00000000-0000-0000-0000-000000000000"
LINE = re.compile(rb"<(\w+)(?: Stream='(\w+)')? PSGuid='([0-9a-f-]{36})'(?: />|>([A-Za-z0-9+/=]+)</Data>)$")
CLIENT, POOL_STATE, PRIVATE_DATA, OUTPUT, STATE = 1, 0x21005, 0x21009, 0x41004, 0x41006


def message(kind, data, pool, pipeline, number):
    body = struct.pack("<II", CLIENT, kind) + pool + pipeline + b"\xef\xbb\xbf" + data
    return struct.pack(">QQBI", number, 0, 3, len(body)) + body


class Mediator:
    def __init__(self):
        self.lock = threading.Lock()
        self.pool = bytes(16)
        self.number = 0
        self.open = {}  # pipelines: guid to what a stop does
        self.data = {}
        self.stopped = set()
        self.closed = set()

    def write(self, line):
        with self.lock:
            os.write(1, line) if len(line) < 4096 else self.write_all(line)

    @staticmethod
    def write_all(line):
        while line:
            line = line[os.write(1, line):]

    def packet(self, name, guid):
        self.write(f"<{name} PSGuid='{guid}' />\n".encode())

    def send(self, guid, kind, data):
        self.number += 1
        pipeline = bytes(16) if guid == ZERO else bytes.fromhex(guid.replace("-", ""))
        whole = message(kind, data, self.pool, pipeline, self.number)
        for at in range(0, len(whole), 32768):
            part = base64.b64encode(whole[at:at + 32768]).decode()
            self.write(f"<Data Stream='Default' PSGuid='{guid}'>{part}</Data>\n".encode())

    def state(self, guid, number):
        self.send(guid, STATE, b'<Obj RefId="0"><MS><I32 N="PipelineState">%d</I32></MS></Obj>' % number)

    def pool_state(self, number):
        self.send(ZERO, POOL_STATE, b'<Obj RefId="0"><MS><I32 N="RunspaceState">%d</I32></MS></Obj>' % number)

    def wrong(self, why):
        sys.stderr.write(f"mediator: {why}\n")
        sys.stderr.flush()
        os._exit(3)

    def run(self):
        start = os.environ.get("MEDIATOR", "")
        if start == "dead":
            sys.stderr.write("mediator: dead from the start\n")
            sys.exit(7)
        if start == "slow":
            time.sleep(1)
        for line in sys.stdin.buffer:
            found = LINE.match(line.rstrip(b"\r\n"))
            if not found:
                sys.exit(160)
            name, stream, guid, data = (part.decode() if part else "" for part in found.groups())
            if start == "silent":
                continue
            getattr(self, "on_" + name.lower(), lambda *_: self.wrong("not for a server: " + name))(guid, stream, data)
        sys.exit(160)

    def on_command(self, guid, *_):
        if guid in self.open:
            self.wrong("Command twice")
        self.open[guid] = None
        self.closed.discard(guid)
        self.packet("CommandAck", guid)

    def on_close(self, guid, *_):
        if guid == ZERO:
            if self.open:
                self.wrong("pool closed before its pipelines")
        elif self.open.pop(guid, self) is self:
            self.wrong("Close without Command")
        self.packet("CloseAck", guid)

    def on_signal(self, guid, *_):
        if guid not in self.open:
            self.wrong("Signal without Command")
        self.stopped.add(guid)
        self.packet("SignalAck", guid)
        self.state(guid, 3)

    def on_data(self, guid, stream, data):
        raw = base64.b64decode(data)
        if guid == ZERO:
            first = self.pool == bytes(16)
            if first:
                self.pool = raw[29:45]
            self.packet("DataAck", guid)
            if first:
                self.send(ZERO, PRIVATE_DATA, b'<Obj RefId="0"><MS><Nil N="ApplicationPrivateData"/></MS></Obj>')
                self.pool_state(2)
            elif stream == "PromptResponse":
                self.send(ZERO, OUTPUT, b"<S>prompt</S>")
            return
        if guid not in self.open:
            self.wrong("Data without Command")
        if guid in self.data:
            self.data[guid] += raw
            self.packet("DataAck", guid)
            if stream == "PromptResponse":
                self.send(guid, OUTPUT, b"<S>answered</S>")
            if b"END" in self.data[guid]:
                self.send(guid, OUTPUT, b"<S>%d</S>" % len(self.data[guid]))
                self.state(guid, 4)
            return
        self.data[guid] = b""
        self.play(guid, raw)

    def play(self, guid, raw):
        def word(name):
            found = re.search(rb"\[" + name + rb"(?: ([^\]]*))?\]", raw)
            return None if not found else (found[1] or b"").decode()

        if word(b"deaf") is not None:
            return
        self.packet("DataAck", guid)
        if word(b"later") is not None:
            time.sleep(float(word(b"later")))
        if word(b"echo") is not None:
            self.send(guid, OUTPUT, b"<S>" + word(b"echo").encode() + b"</S>")
        if word(b"flood") is not None:
            self.send(guid, OUTPUT, b"x" * int(word(b"flood")))
        if word(b"die") is not None:
            sys.stderr.write("mediator: died as told\n")
            sys.stderr.flush()
            os._exit(9)
        if word(b"junk") is not None:
            self.write(b"this is no packet\n")
        if word(b"error") is not None:
            self.write(b"__NamedPipeError__:something broke\n")
        if word(b"long") is not None:
            self.write_all(b"<Data " + b"x" * 10_000_000)
        if word(b"stray") is not None:
            self.packet("SignalAck", guid)
        if word(b"break") is not None:
            self.pool_state(5)
        if word(b"close") is not None:
            self.pool_state(3)
        if word(b"hang") is None and word(b"input") is None:
            self.state(guid, 5 if word(b"fail") is not None else 4)


if __name__ == "__main__":
    Mediator().run()
