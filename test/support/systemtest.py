"""winrmd as a system service for whole-program tests: accounts, a PAM service, a folder with the programs, and the daemon
with its log. As root. Everything it makes on the system goes when `Place` is closed."""
import os
import pathlib
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from winrmtest import IDENTIFY, PATIENCE, SHELL, TRANSFER, WINRMD, Service, children_of, envelope

CREATE = "<sh:Shell><sh:InputStreams>stdin</sh:InputStreams><sh:OutputStreams>stdout stderr</sh:OutputStreams></sh:Shell>"
RECEIVE = '<sh:Receive><sh:DesiredStream CommandId="{}">stdout</sh:DesiredStream></sh:Receive>'
# verb -> (action, body) on a shell that may or may not be there
ON_SHELL = {"Get": (TRANSFER + "/Get", ""), "Delete": (TRANSFER + "/Delete", ""),
            "Command": (SHELL + "/Command", "<sh:CommandLine><sh:Command>true</sh:Command></sh:CommandLine>"),
            "Send": (SHELL + "/Send", '<sh:Send><sh:Stream Name="stdin" CommandId="{0}">YQ==</sh:Stream></sh:Send>'),
            "Receive": (SHELL + "/Receive", RECEIVE),
            "Signal": (SHELL + "/Signal", f'<sh:Signal CommandId="{{0}}"><sh:Code>{SHELL}/signal/terminate</sh:Code></sh:Signal>')}


def call(*args, text=None):
    subprocess.run(args, input=text, text=True, check=True, capture_output=True, timeout=PATIENCE)


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("SKIPPED: not root, and accounts, PAM services and root's own rights are what is tested")
    for tool in ("useradd", "chpasswd", "openssl"):
        if not shutil.which(tool):
            raise unittest.SkipTest(f"SKIPPED: {tool} is not installed")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Place:
    """A folder everybody may enter, with the four programs (accounts need not be able to enter the build), a throw-away
    certificate, and the accounts and PAM service that were asked for."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="winrmd-system-"))
        self.path.chmod(0o755)
        self.undo = []
        self.tag = secrets.token_hex(4)
        self.group = "winrm-test-" + self.tag
        self.pam = pathlib.Path("/etc/pam.d", "winrmd-test-" + self.tag)
        for name in ("winrmd", "winrmd-front", "winrmd-token", "winrmd-user"):
            shutil.copy(pathlib.Path(WINRMD).parent / name, self.path / name)
        call("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", str(self.path / "key.pem"), "-out", str(self.path / "cert.pem"))
        (self.path / "key.pem").chmod(0o600)
        (self.path / "cert.pem").chmod(0o644)

    def system(self):
        """The group and the PAM service."""
        call("groupadd", self.group)
        self.undo.append(lambda: call("groupdel", self.group))
        self.undo.append(lambda: self.pam.unlink(missing_ok=True))
        self.pam.write_text("auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n")

    def account(self, name, *options):
        """@return (name, password)"""
        user, password = f"wt{name}{self.tag}", secrets.token_urlsafe(9)
        call("useradd", "-m", "-d", str(self.path / user), "-s", "/bin/sh", *options, user)
        self.undo.append(lambda: call("userdel", user))
        call("chpasswd", text=f"{user}:{password}\n")
        return user, password

    def close(self):
        problems = []
        for step in reversed(self.undo):
            try:
                step()
            except (subprocess.SubprocessError, OSError) as problem:
                problems.append(problem)
        shutil.rmtree(self.path)
        if problems:
            raise AssertionError(f"left on the system: {problems}")

    def config(self, text="", port=None, name="winrmd.toml", tls=True, pam=True):
        file = self.path / name
        top = f'certificate = "{self.path}/cert.pem"\nkey = "{self.path}/key.pem"\n' if tls else ""
        top += f'pam_service = "{self.pam.name}"\nallow_groups = ["{self.group}"]\n' if pam else ""
        limits = text.partition("[limits]")
        file.write_text(top + limits[0] + f'\n[[listen]]\naddress = "127.0.0.1"\nport = {port or free_port()}\n'
                        f"tls = {'true' if tls else 'false'}\n" + limits[1] + limits[2])
        file.chmod(0o644)
        return file


class Daemon(Service):
    """winrmd with a configuration file, served as `Service` is; its log can be waited for."""

    def __init__(self, place, config, user=None, program=None):
        self.place, self.config = place, config
        text = config.read_text()
        self.port, self.host = int(re.search(r"port = (\d+)", text)[1]), "127.0.0.1"
        self.tls = "tls = true" in text
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}/wsman"
        self.ca = str(place.path / "cert.pem")
        self.user, self.password = user or ("nobody", "none")
        self.source = "127.0.0.1"
        self.lines, self.news = [], threading.Condition()
        self.process = subprocess.Popen([str(place.path / "winrmd"), "--config", str(config)], stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True, errors="replace", cwd="/")
        self.pid = self.process.pid
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        try:
            self.wait_log(r" ready\b")
        except AssertionError:
            self.process.kill()
            self.process.wait()
            raise

    def log_lines(self):
        return self.process.stderr

    def read(self):
        for line in self.log_lines():
            with self.news:
                self.lines.append(line)
                self.news.notify_all()
        with self.news:
            self.lines.append("END OF LOG\n")
            self.news.notify_all()

    @property
    def log(self):
        with self.news:
            return "".join(self.lines)

    def mark(self):
        with self.news:
            return len(self.lines)

    def wait_log(self, pattern, since=0):
        """The first line that has the pattern, from line `since` on."""
        found = []

        def look():
            found[:] = [line for line in self.lines[since:] if re.search(pattern, line)]
            return found or "END OF LOG\n" in self.lines
        with self.news:
            self.news.wait_for(look, PATIENCE)
        if not found:
            raise AssertionError(f"no line with {pattern!r} in the log:\n{self.log}")
        return found[0]

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        if re.search("Sanitizer|runtime error:", self.log):
            raise AssertionError(self.log)
        return status

    def __exit__(self, *_):
        if self.stop() != 0:
            raise AssertionError("winrmd ended with an error:\n" + self.log)

    def connection(self):
        made = super().connection()
        made.source_address = (self.source, 0)
        return made

    def as_user(self, account):
        return {"Authorization": self.authorization(account[1], account[0])}

    def identify(self, account):
        return self.post(IDENTIFY, headers=self.as_user(account))

    def sh(self, account, command):
        return self.winrm("run", "--", command, user=account[0], password=account[1])

    def open_shell(self, account, connection=None):
        answer = self.post(envelope(TRANSFER + "/Create", CREATE), headers=self.as_user(account), connection=connection)
        if answer.status != 200:
            raise AssertionError((answer.status, answer.text, self.log))
        return re.search(rb'Name="ShellId">([^<]+)<', answer.text)[1].decode()

    def on_shell(self, account, verb, shell, connection=None):
        action, body = ON_SHELL[verb]
        return self.post(envelope(action, body.format("11111111-2222-3333-4444-555555555555"), selectors={"ShellId": shell}),
                         headers=self.as_user(account), connection=connection)


def status_of(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {k: v.strip() for k, _, v in (line.partition(":") for line in text.splitlines())}


def named(pid, name):
    """Descendants of pid with that program name (15 letters of it, as the kernel keeps)."""
    found = []
    for child in children_of(pid):
        try:
            if pathlib.Path(f"/proc/{child}/comm").read_text().strip() == name:
                found.append(child)
        except OSError:
            continue
    return sorted(found)


def cgroup_folders(pid):
    mounts = [line.split() for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if " - cgroup2 " in line]
    return [p for m in mounts for p in pathlib.Path(m[4]).glob(f"**/winrmd-{pid}")]


class WithPlace(unittest.TestCase):
    """A Place with group and PAM service for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        need_root()
        cls.place = Place()
        cls.addClassCleanup(cls.place.close)
        cls.place.system()
