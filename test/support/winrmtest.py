"""Starts the real programs for whole-program tests: winrmd --test-server and winrm, as processes, on loopback."""
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT.parent / "shared" / "vectors"
BIN = pathlib.Path(os.environ.get("WINRM_BIN", ROOT / "build" / "release" / "tools"))
WINRM = str(BIN / "winrm" / "winrm")
WINRMD = str(BIN / "winrmd" / "winrmd")
# Programs keep ignoring what was ignored when they began; the tests may run under nohup or in a script's background.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _signal in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_signal, signal.SIG_DFL)

# Ways of logging in: to scripted servers, and wherever the bytes of a login or the envelopes are looked at on the way.
BASIC = ("--auth", "basic")
CLEAR = (*BASIC, "--allow-unencrypted")
AUTH = os.environ.get("WINRM_TEST_AUTH", "default")
PATIENCE = 60  # seconds until a hung program fails a test; never a measure of speed


def until(condition, otherwise):
    """Looks until it is true, at most PATIENCE: for what another process does and nothing tells us of.
    @param otherwise  text of the failure, or what gives it"""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(otherwise() if callable(otherwise) else otherwise)
        time.sleep(0.005)


class WithOwnService:
    """For a test case with a winrmd of its own in `process`, whose standard error goes to the file `log`."""

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def said(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def wait(self, pattern, times=1):
        def seen():
            if len(re.findall(pattern, self.said())) >= times:
                return True
            assert self.process.poll() is None, self.said()
            return False
        until(seen, self.said)


def need_vectors():
    if not VECTORS.is_dir():
        raise unittest.SkipTest("SKIPPED: no ../shared/vectors beside this clone (recorded Windows conversations)")


class Service:
    """winrmd --test-server; ends with the block. `log` is its standard error so far."""
    schemes = ("Basic",)

    def __init__(self, *args, env=None):
        self.log_file = tempfile.TemporaryFile()
        self.process = subprocess.Popen([WINRMD, "--test-server", *args], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.log_file, env={**os.environ, **(env or {})})
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(PATIENCE)
            raise AssertionError("winrmd did not start: " + self.log)
        info = json.loads(line)
        self.url, self.user, self.password = info["url"], info["user"], info["password"]
        self.ca, self.pid = info["ca"], info["pid"]
        self.schemes = info.get("schemes", self.schemes)
        match = re.fullmatch(r"(https?)://([^/]+):(\d+)/wsman", self.url)
        self.tls, self.host, self.port = match[1] == "https", match[2].strip("[]"), int(match[3])

    @property
    def auth(self):
        """Over TLS as winrm chooses, where the service offers that, or by Basic (WINRM_TEST_AUTH=basic). Over HTTP envelopes are read."""
        if not self.tls:
            return CLEAR
        return () if AUTH == "default" and "Negotiate" in self.schemes else BASIC

    @property
    def log(self):
        self.log_file.seek(0)
        return self.log_file.read().decode(errors="replace")

    def stop(self):
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self.log_file.close()

    # -- winrm against it
    def args(self, command, *rest, user=None):
        args = [WINRM, command, self.url, "-u", user or self.user, *(["--ca", self.ca] if self.tls else [])]
        return args + [*(() if "--auth" in rest else self.auth), *rest]

    def winrm(self, command, *rest, input=None, password=None, user=None, timeout=PATIENCE, env=None):
        kwargs = {"input": input} if input is not None else {"stdin": subprocess.DEVNULL}
        return subprocess.run(self.args(command, *rest, user=user), capture_output=True, timeout=timeout,
                              env={**os.environ, "WINRM_PASSWORD": password or self.password, **(env or {})}, **kwargs)

    def run(self, command, *options, **kwargs):
        return self.winrm("run", *options, "--", command, **kwargs)

    # -- plain HTTP against it
    def connection(self):
        if not self.tls:
            return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)
        context = ssl.create_default_context(cafile=self.ca)
        return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=context)

    def authorization(self, password=None, user=None):
        token = f"{user or self.user}:{password or self.password}".encode()
        return "Basic " + base64.b64encode(token).decode()

    def send(self, connection, body, headers=None, path="/wsman", login=True, media="application/soap+xml;charset=UTF-8"):
        fields = {"Content-Type": media} if media else {}
        if login:
            fields["Authorization"] = self.authorization()
        fields.update(headers or {})
        connection.request("POST", path, body=body if isinstance(body, bytes) else body.encode(), headers=fields)

    def unread(self, client_port):
        """Bytes of this connection that the service has not read yet, None if it has closed the connection."""
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, remote, state, queues, *_ = line.split()
            if int(local.split(":")[1], 16) == self.port and int(remote.split(":")[1], 16) == client_port:
                return None if state != "01" and state != "08" else int(queues.split(":")[1], 16)  # ESTABLISHED, CLOSE_WAIT
        return None

    def wait_read(self, client_port, headers=None, closed=False):
        """Until what was sent on this connection (or its end) has reached the account's process."""
        done = (lambda unread: unread is None) if closed else (lambda unread: unread == 0)
        until(lambda: done(self.unread(client_port)), "the service does not read")
        # What comes later on another connection is also taken later.
        assert self.post(IDENTIFY, headers=headers).status == 200

    def post(self, body, headers=None, path="/wsman", login=True, connection=None, media="application/soap+xml;charset=UTF-8"):
        own = connection is None
        connection = connection or self.connection()
        self.send(connection, body, headers, path, login, media)
        answer = connection.getresponse()
        answer.text = answer.read()
        if own:
            connection.close()
        return answer


S = "http://www.w3.org/2003/05/soap-envelope"
A = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
W = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
CMD = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"


def envelope(action, body="", resource=CMD, selectors=None, options=None, header="", message_id=None):
    """A request as a client would write it, with prefixes that are not ours."""
    chosen = "".join(f'<m:Selector Name="{k}">{v}</m:Selector>' for k, v in (selectors or {}).items())
    opts = "".join(f'<m:Option Name="{k}">{v}</m:Option>' for k, v in (options or {}).items())
    return (f'<env:Envelope xmlns:env="{S}" xmlns:ad="{A}" xmlns:m="{W}" xmlns:sh="{SHELL}"><env:Header>'
            f'<ad:To>http://somewhere/wsman</ad:To><ad:ReplyTo><ad:Address env:mustUnderstand="true">{A}/role/anonymous'
            f'</ad:Address></ad:ReplyTo><ad:Action env:mustUnderstand="true">{action}</ad:Action>'
            f'<ad:MessageID>{message_id or "uuid:" + str(uuid.uuid4())}</ad:MessageID>'
            f'<m:ResourceURI env:mustUnderstand="true">{resource}</m:ResourceURI>'
            f'<m:OperationTimeout>PT20S</m:OperationTimeout>'
            + (f"<m:SelectorSet>{chosen}</m:SelectorSet>" if chosen else "")
            + (f"<m:OptionSet>{opts}</m:OptionSet>" if opts else "")
            + header + f"</env:Header><env:Body>{body}</env:Body></env:Envelope>")


IDENTIFY = (f'<s:Envelope xmlns:s="{S}" xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">'
            "<s:Header/><s:Body><i:Identify/></s:Body></s:Envelope>")


def fault_code(text):
    match = re.search(rb'WSManFault[^>]*Code="(\d+)"', text)
    return int(match[1]) if match else None


def children_of(pid):
    """All descendants of a process, from /proc."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                stat = pathlib.Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    found, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in found} - found
        grown = bool(more)
        found |= more
    return found - {pid}


def main():
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[1:]], warnings="ignore")  # pywinrm leaves sockets open
