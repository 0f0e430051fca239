#!/usr/bin/env python3
"""sandboxed.py UNIT PROGRAM [ARGUMENT…]: becomes the program under the sandbox that systemd would put around it for UNIT, where
no systemd runs. As root. A setting that is neither applied here nor named in NOT_APPLIED is an error.

Facts from systemd.exec(5) and systemd 252: order of the steps, the system calls that each setting forbids. Not as there: devices
are not forbidden by cgroup; calls newer than systemd are not ENOSYS where only named ones are allowed; filters are for the native
architecture only; the environment stays."""
import ctypes
import errno
import functools
import os
import pathlib
import resource
import socket
import subprocess
import sys
import tempfile

PATIENCE = 60
# No part of the sandbox, and (the second line) the unit's cgroup, which is systemd's to make.
NOT_APPLIED = {"Type", "ExecStartPre", "ExecStart", "ExecReload", "Restart", "RestartSec", "KillMode", "TimeoutStopSec", "WatchdogSec",
               "Delegate", "TasksMax"}
# The system calls that a setting takes away beside what else it does.
FORBIDDEN_BY = {"PrivateDevices": ["@raw-io"], "ProtectClock": ["@clock"], "ProtectHostname": ["sethostname", "setdomainname"],
                "ProtectKernelLogs": ["syslog"], "ProtectKernelModules": ["@module"], "ProtectKernelTunables": ["_sysctl"]}
CAPABILITIES_OF = {"PrivateDevices": ["cap_mknod", "cap_sys_rawio"], "ProtectClock": ["cap_sys_time", "cap_wake_alarm"],
                   "ProtectKernelLogs": ["cap_syslog"], "ProtectKernelModules": ["cap_sys_module"]}
KNOWN = {"CapabilityBoundingSet", "KeyringMode", "LimitNOFILE", "LockPersonality", "NoNewPrivileges", "ProtectSystem",
         "RestrictAddressFamilies", "RestrictNamespaces", "RestrictRealtime", "SystemCallArchitectures", "SystemCallErrorNumber",
         "SystemCallFilter", "UMask", *FORBIDDEN_BY}
READ_ONLY = {"true": ["/usr", "/boot", "/efi"], "full": ["/usr", "/boot", "/efi", "/etc"]}
TUNABLES = ["/proc/sys", "/proc/sysrq-trigger", "/proc/acpi", "/proc/fs", "/proc/irq", "/sys"]  # not what is mounted in /sys
DEVICES = ["null", "zero", "full", "random", "urandom", "tty"]
DEVICE_FOLDERS = ["pts", "shm", "mqueue", "hugepages"]
DEVICE_LINKS = ["ptmx", "fd", "stdin", "stdout", "stderr", "log"]

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
CLONE_NEWNS, CLONE_NEWUTS = 0x20000, 0x4000000
NAMESPACES = [CLONE_NEWNS, 0x2000000, CLONE_NEWUTS, 0x8000000, 0x10000000, 0x20000000, 0x40000000]  # … cgroup ipc user pid net
CAPABILITY_VERSION = 0x20080522
KEYCTL_JOIN_SESSION_KEYRING = 1
REALTIME = [1, 2, 6]  # SCHED_FIFO, SCHED_RR, SCHED_DEADLINE
FAMILIES = 64  # more than the kernel has

# seccomp.h
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
BAD_ARCHITECTURE, NO_NEW_PRIVS = 2, 3
NOT_EQUAL, EQUAL, MASKED_EQUAL = 1, 4, 7


class Comparison(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("operator", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]


libc = ctypes.CDLL(None, use_errno=True)


def seccomp_library():
    """OSError where there is none."""
    library = ctypes.CDLL("libseccomp.so.2")
    library.seccomp_init.restype = ctypes.c_void_p
    library.seccomp_init.argtypes = [ctypes.c_uint32]
    library.seccomp_attr_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32]
    library.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint,
                                               ctypes.POINTER(Comparison)]
    library.seccomp_syscall_resolve_name.argtypes = [ctypes.c_char_p]
    library.seccomp_load.argtypes = [ctypes.c_void_p]
    return library


def analyze(*words):
    return subprocess.run(["systemd-analyze", "--no-pager", *words], check=True, capture_output=True, text=True,
                          timeout=PATIENCE).stdout.splitlines()


def settings_of(unit):
    """[Service] of the text of a unit: [(setting, value)] in its order."""
    found, inside = [], False
    for line in unit.replace("\\\n", " ").splitlines():
        line = line.strip()
        if line.startswith("["):
            inside = line == "[Service]"
        elif inside and line and line[0] not in "#;":
            name, _, value = line.partition("=")
            found.append((name.strip(), value.strip()))
    return found


@functools.cache
def sets():
    """{name of a set: names of calls and sets}"""
    found, members = {}, None
    for line in analyze("syscall-filter"):
        if line.startswith("@"):
            members = found[line.strip()] = []
        elif not line.startswith(" "):
            members = None
        elif members is not None and not line.strip().startswith("#"):
            members.append(line.strip())
    return found


def calls_of(name):
    """A system call, or all that a set has."""
    return set().union(*map(calls_of, sets()[name])) if name.startswith("@") else {name}


def system_call_filter(values):
    """The values of SystemCallFilter= in their order -> (True: only these are allowed, False: these are forbidden; the calls).
    The first says which of the two it is, the others add or take away."""
    only, calls = None, set()
    for value in values:
        if not value:
            only, calls = None, set()
            continue
        inverted, words = value.startswith("~"), value.removeprefix("~").split()
        if ":" in value:
            raise NotImplementedError(f"SystemCallFilter={value}: an error for each call is not known here")
        if only is None:
            only = not inverted
            calls = calls_of("@default") if only else set()
        these = set().union(*map(calls_of, words))
        calls = calls - these if only == inverted else calls | these
    return bool(only), calls


def yes(value):
    if value not in ("yes", "no", "true", "false", "on", "off", "1", "0"):
        raise NotImplementedError(f"only yes and no are known here, not {value}")
    return value in ("yes", "true", "on", "1")


def must(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


class Filter:
    def __init__(self, action=ALLOW, foreign=ALLOW):
        self.library = seccomp_library()
        self.context = self.library.seccomp_init(action)
        self.must(self.library.seccomp_attr_set(self.context, BAD_ARCHITECTURE, foreign), "other architectures")
        # like systemd, which is root then; a sandbox that wants no new privileges says so itself
        self.must(self.library.seccomp_attr_set(self.context, NO_NEW_PRIVS, 0), "new privileges")

    @staticmethod
    def must(result, what):
        if result < 0:
            raise OSError(-result, os.strerror(-result), what)

    def rule(self, action, call, *comparisons):
        number = self.library.seccomp_syscall_resolve_name(call.encode())
        if number == -1:  # sets name calls of all architectures, and newer ones than libseccomp's
            return
        done = self.library.seccomp_rule_add_array(self.context, action, number, len(comparisons),
                                                   (Comparison * len(comparisons))(*comparisons))
        if done not in (-errno.EDOM, -errno.EEXIST):
            self.must(done, call)

    def load(self):
        self.must(self.library.seccomp_load(self.context), "seccomp_load")


def forbid(*calls, error=errno.EPERM):
    """@param calls names, or a name with comparisons"""
    made = Filter()
    for call in calls:
        made.rule(ERRNO | error, *([call] if isinstance(call, str) else call))
    made.load()


def restrict_families(value):
    if value.startswith("~") or value == "none":
        raise NotImplementedError(f"RestrictAddressFamilies={value}")
    kept = [getattr(socket, name) for name in value.split()]
    forbid(*(("socket", Comparison(0, EQUAL, n)) for n in range(FAMILIES) if n not in kept), error=errno.EAFNOSUPPORT)


def restrict_namespaces():
    forbid("setns", *(("unshare", Comparison(0, MASKED_EQUAL, flag, flag)) for flag in NAMESPACES),
           *(("clone", Comparison(0, MASKED_EQUAL, flag, flag)) for flag in NAMESPACES))
    forbid("clone3", error=errno.ENOSYS)  # its flags are in memory: libraries then take clone


def load_system_call_filter(only, calls, error):
    refused = KILL_PROCESS if error in (None, "kill") else ERRNO | (int(error) if error.isdigit() else getattr(errno, error))
    made = Filter(refused if only else ALLOW)
    for call in sorted(calls):
        made.rule(ALLOW if only else refused, call)
    made.load()


def mount(*words):
    subprocess.run(["mount", *words], check=True, timeout=PATIENCE)


def read_only(paths):
    for path in paths:
        if os.path.exists(path) and not os.path.islink(path):
            if not os.path.ismount(path):
                mount("--rbind", path, path)
            mount("-o", "remount,bind,ro", path)


def private_devices():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sandboxed-"))
    mount("-t", "tmpfs", "-o", "mode=0755,nosuid", "tmpfs", str(folder))
    for name in DEVICES + DEVICE_FOLDERS:
        place, there = folder / name, pathlib.Path("/dev", name)
        if there.exists():
            place.mkdir() if there.is_dir() else place.touch()
            mount("--rbind", str(there), str(place))
    for name in DEVICE_LINKS:
        if os.path.islink(f"/dev/{name}"):
            (folder / name).symlink_to(os.readlink(f"/dev/{name}"))
        elif name == "ptmx":
            (folder / name).symlink_to("pts/ptmx")
    mount("--rbind", str(folder), "/dev")
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=PATIENCE)
    folder.rmdir()


def enter_namespaces(one):
    """One of its own for the file systems, changes of others still come in."""
    must(libc.unshare(CLONE_NEWNS | (CLONE_NEWUTS if yes(one.get("ProtectHostname", "no")) else 0)), "unshare")
    mount("--make-rslave", "/")
    if yes(one.get("PrivateDevices", "no")):
        private_devices()
    if (system := one.get("ProtectSystem", "no")) not in ("no", "false"):
        read_only(READ_ONLY["true" if system == "yes" else system])
    if yes(one.get("ProtectKernelTunables", "no")):
        read_only(TUNABLES)


def capabilities():
    """{name: number} of all that systemd knows."""
    return {name: int(number) for name, number in (line.split() for line in analyze("capability")[1:])}


def capabilities_to_drop(one):
    numbers = capabilities()
    kept = one.get("CapabilityBoundingSet", " ".join(numbers)).lower().split()
    for setting, taken in CAPABILITIES_OF.items():
        if yes(one.get(setting, "no")):
            kept = [name for name in kept if name not in taken]
    if unknown := set(kept) - set(numbers):
        raise NotImplementedError(f"CapabilityBoundingSet= with {unknown}")
    last = int(pathlib.Path("/proc/sys/kernel/cap_last_cap").read_text())
    return [n for n in range(last + 1) if n not in {numbers[name] for name in kept}]


def drop_capabilities(numbers):
    """From the next exec on; until then they are needed here."""
    for number in numbers:
        must(libc.prctl(PR_CAPBSET_DROP, number, 0, 0, 0), "PR_CAPBSET_DROP")
    header, data = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    must(libc.capget(header, data), "capget")
    data[2] = data[5] = 0  # what would be inherited
    must(libc.capset(header, data), "capset")


def confine(unit):
    """This process, which must be root with all capabilities. Its own capabilities go with its next exec."""
    settings = settings_of(unit)
    one = dict(settings)
    if unknown := set(one) - KNOWN - NOT_APPLIED:
        raise NotImplementedError(f"settings that sandboxed.py does not know: {unknown}")
    names = [name for name, _ in settings if name in KNOWN and name != "SystemCallFilter"]
    if len(names) != len(set(names)):
        raise NotImplementedError(f"only SystemCallFilter= is known more than once: {names}")

    def on(setting):
        return yes(one.get(setting, "no"))

    # What needs programs and folders.
    drop = capabilities_to_drop(one)
    only, calls = system_call_filter([value for name, value in settings if name == "SystemCallFilter"])
    forbidden = set().union(*(calls_of(name) for setting in FORBIDDEN_BY if on(setting) for name in FORBIDDEN_BY[setting]))
    enter_namespaces(one)
    # What needs capabilities.
    if "LimitNOFILE" in one:
        soft, _, hard = one["LimitNOFILE"].partition(":")
        soft, hard = int(soft), int(hard or soft)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        except ValueError:  # a container's root may be unable to go above what it has
            most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, most), most))
    os.umask(int(one.get("UMask", "0022"), 8))
    if one.get("KeyringMode") == "private":
        keyctl = seccomp_library().seccomp_syscall_resolve_name(b"keyctl")
        must(libc.syscall(keyctl, KEYCTL_JOIN_SESSION_KEYRING, None), "keyctl")
    drop_capabilities(drop)
    if on("NoNewPrivileges"):
        must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "PR_SET_NO_NEW_PRIVS")
    # One filter for each setting, the unit's own last.
    if "RestrictAddressFamilies" in one:
        restrict_families(one["RestrictAddressFamilies"])
    if on("RestrictRealtime"):
        forbid(*(("sched_setscheduler", Comparison(1, EQUAL, policy)) for policy in REALTIME))
    if on("RestrictNamespaces"):
        restrict_namespaces()
    if forbidden:
        forbid(*forbidden)
    if "SystemCallArchitectures" in one:
        if one["SystemCallArchitectures"] != "native":
            raise NotImplementedError("SystemCallArchitectures= is known as native only")
        Filter(foreign=KILL_PROCESS).load()
    if on("LockPersonality"):
        forbid(("personality", Comparison(0, NOT_EQUAL, libc.personality(0xFFFFFFFF))))
    if only or calls:
        load_system_call_filter(only, calls, one.get("SystemCallErrorNumber"))


if __name__ == "__main__":
    confine(pathlib.Path(sys.argv[1]).read_text())
    os.execv(sys.argv[2], sys.argv[2:])
