"""winrmd under the sandbox of the unit we ship, put around it by sandboxed.py: no systemd runs here. As root, else skipped."""
import errno
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import sandboxed  # noqa: E402
from systemtest import Daemon, need_root, Place, status_of  # noqa: E402
from winrmtest import PATIENCE, ROOT, children_of, main  # noqa: E402

UNIT = (ROOT / "packaging" / "winrmd.service").read_text()
SANDBOXED = ROOT / "test" / "support" / "sandboxed.py"
ALL_OF_ROOT = ("cap_sys_admin", "cap_setpcap", "cap_sys_chroot")


def setUpModule():
    need_root()
    for tool in ("systemd-analyze", "mount"):
        if not shutil.which(tool):
            raise unittest.SkipTest(f"SKIPPED: {tool} is not installed")
    try:
        sandboxed.seccomp_library()
    except OSError:
        raise unittest.SkipTest("SKIPPED: libseccomp.so.2 is not installed") from None
    effective = int(status_of("self")["CapEff"], 16)
    numbers = sandboxed.capabilities()
    if missing := [name for name in ALL_OF_ROOT if not effective >> numbers[name] & 1]:
        raise unittest.SkipTest(f"SKIPPED: not all of root: {missing} is missing (a container?)")


def without_last_filter(unit):
    """The unit as it was when the network process could not chroot."""
    lines = unit.splitlines(keepends=True)
    del lines[max(n for n, line in enumerate(lines) if line.startswith("SystemCallFilter="))]
    return "".join(lines)


class UnitPlace(Place):
    """Its program `winrmd` is a script that becomes winrmd in the sandbox of `unit`, so that Daemon starts it as it starts all."""

    def __init__(self):
        super().__init__()
        self.unit = self.path / "unit"
        programs = self.path / "sbin"
        programs.mkdir()
        for name in ("winrmd", "winrmd-front", "winrmd-token", "winrmd-user"):
            (self.path / name).rename(programs / name)
        script = self.path / "winrmd"
        script.write_text(f'#!/bin/sh\nexec /usr/bin/python3 {SANDBOXED} {self.unit} {programs}/winrmd "$@"\n')
        script.chmod(0o755)
        # The leak checker traces its process at the end, and the unit forbids tracing. All other checks go on.
        self.environment = {}
        if b"__asan_init" in (programs / "winrmd").read_bytes():
            self.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"

    def system(self):
        """The PAM service that we ship, but for pam_nologin: other tests close the machine."""
        super().system()
        shipped = (ROOT / "packaging" / "winrmd.pam").read_text()
        self.pam.write_text(re.sub(r"(?m)^.*\bpam_nologin\.so\b.*\n", "", shipped))


class UnderTheUnit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = UnitPlace()
        cls.addClassCleanup(cls.place.close)
        cls.place.system()
        cls.ada = cls.place.account("a", "-G", cls.place.group)

    def test_the_service_works(self):
        self.place.unit.write_text(UNIT)
        config = self.place.config()
        notify = self.place.path / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(notify))
            systemd.settimeout(PATIENCE)
            with unittest.mock.patch.dict(os.environ, {"NOTIFY_SOCKET": str(notify), **self.place.environment}):
                checked = subprocess.run([self.place.path / "winrmd", "--check", "--config", config], capture_output=True,
                                         text=True, timeout=PATIENCE)
                self.assertEqual(checked.returncode, 0, checked.stderr)
                with Daemon(self.place, config) as service:
                    self.assertIn(b"READY=1", systemd.recv(4096))
                    status = status_of(service.pid)
                    bounds = re.search(r"(?m)^CapabilityBoundingSet=(.*)", UNIT)[1].lower().split()
                    numbers = sandboxed.capabilities()
                    here = int(status_of("self")["CapBnd"], 16)  # a container has less than all
                    self.assertEqual(int(status["CapBnd"], 16), here & sum(1 << numbers[name] for name in bounds))
                    self.assertEqual((status["CapEff"], status["Seccomp"]), (status["CapBnd"], "2"))
                    got = service.sh(self.ada, "id -un")
                    self.assertEqual((got.returncode, got.stdout.decode()), (0, self.ada[0] + "\n"), (got.stderr, service.log))
                    family = children_of(service.pid)
                    self.assertEqual(service.stop(), 0, service.log)
                    self.assertEqual([pid for pid in family if os.path.exists(f"/proc/{pid}")], [])
                    self.assertNotRegex(service.log, r'_end .*status="(exit [1-9]|signal)')

    def test_without_chroot_the_service_is_not_ready(self):
        self.place.unit.write_text(without_last_filter(UNIT))
        with unittest.mock.patch.dict(os.environ, self.place.environment):
            with self.assertRaisesRegex(AssertionError, "chroot: Operation not permitted") as caught:
                Daemon(self.place, self.place.config())
        self.assertNotRegex(str(caught.exception), r" info ready\b")


class Sandbox(unittest.TestCase):
    """sandboxed.py itself: a sandbox that forbids nothing would prove nothing."""

    def test_order_of_filters(self):
        mount, chroot = sandboxed.calls_of("@mount"), {"chroot"}
        self.assertLess(chroot, mount)
        self.assertLess(sandboxed.calls_of("@sync"), sandboxed.calls_of("@system-service"))  # a set in a set
        default = sandboxed.calls_of("@default")
        for values, expected in ((["~@mount", "chroot"], (False, mount - chroot)), (["~@mount"], (False, mount)),
                                 (["~@mount", "chroot", "~chroot"], (False, mount)),
                                 (["~@mount", "", "~chroot"], (False, chroot)), ([], (False, set())),
                                 (["chroot", "~chroot"], (True, default - chroot)),
                                 (["@mount", "~chroot", "sync"], (True, (default | mount | {"sync"}) - chroot))):
            self.assertEqual(sandboxed.system_call_filter(values), expected, values)

    def test_what_the_unit_forbids(self):
        program = """if True:
            import ctypes, os, socket, sys
            libc = ctypes.CDLL(None, use_errno=True)
            def libc_call(name, *arguments):
                if getattr(libc, name)(*arguments) < 0: raise OSError(ctypes.get_errno(), name)
            for word in sys.argv[1:]:
                try: eval(word)
                except OSError as error: print(error.errno, word)
                else: print(0, word)
        """
        cases = {"libc_call('swapoff', b'/')": errno.EPERM, "libc_call('umount2', b'/nowhere', 0)": errno.EPERM,
                 "libc_call('setns', -1, 0)": errno.EPERM, "libc_call('unshare', 0x10000000)": errno.EPERM,
                 "libc_call('personality', 0x40000)": errno.EPERM, "libc_call('sethostname', b'x', 1)": errno.EPERM,
                 "libc_call('klogctl', 10, None, 0)": errno.EPERM, "libc_call('ptrace', 0, 0, 0, 0)": errno.EPERM,
                 "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))": errno.EPERM,
                 "os.mknod('/tmp/sandboxed-never', 0o20600, 0x103)": errno.EPERM,
                 "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)": errno.EAFNOSUPPORT,
                 "open('/etc/sandboxed-never', 'w')": errno.EROFS, "open('/proc/sys/kernel/hostname', 'w')": errno.EROFS,
                 "socket.socket(socket.AF_INET6)": 0, "open('/dev/null', 'w')": 0, "os.system('exit 0')": 0,
                 "os.chroot('/')": 0}
        for text, chroot in ((UNIT, 0), (without_last_filter(UNIT), errno.EPERM)):
            with tempfile.NamedTemporaryFile("w", suffix=".service") as unit:
                unit.write(text)
                unit.flush()
                got = subprocess.run(["/usr/bin/python3", SANDBOXED, unit.name, "/usr/bin/python3", "-c", program, *cases],
                                     capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(got.returncode, 0, got.stderr)
            expected = {**cases, "os.chroot('/')": chroot}
            self.assertEqual(got.stdout.splitlines(), [f"{number} {word}" for word, number in expected.items()])


if __name__ == "__main__":
    main()
