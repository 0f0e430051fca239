"""One command cold and warm, and 100 MB of output: winrm and winrmd against OpenSSH and pywinrm, in one run on loopback,
by Basic over TLS (logins.py has the other schemes).

Whole processes, interleaved (A B C A B C …), medians; CPU is the client's own (user + system). Ratios are what counts:
such machines are shared, single figures move. Prints the Markdown table that README.md quotes."""
import argparse
import json
import os
import pathlib
import pwd
import re
import resource
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))
parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True, help="build folder with tools/ and bench/")
parser.add_argument("--runs", type=int, default=15)
parser.add_argument("--megabytes", type=int, default=100)
options = parser.parse_args()
os.environ["WINRM_BIN"] = options.bin + "/tools"
os.environ.setdefault("WINRM_TEST_AUTH", "basic")  # as the others that are measured
from winrmtest import Service, children_of  # noqa: E402
from whole import rounds  # noqa: E402

PYTHON = "/usr/bin/python3"
# Without the profile, as winrm asks: the service would else run each command in a login shell.
COLD = """import sys
from winrm.protocol import Protocol
p = Protocol(sys.argv[1], transport='basic', username=sys.argv[2], password=sys.argv[4], ca_trust_path=sys.argv[3])
s = p.open_shell(noprofile=True)
c = p.run_command(s, 'true'); code = p.get_command_output(s, c)[2]; p.cleanup_command(s, c)
p.close_shell(s)
sys.exit(code)"""
BULK = COLD.replace("'true'", "sys.argv[5]").replace("code = p.get_command_output(s, c)[2]", "out, _, code = p.get_command_output(s, c)")
WARM = """import resource, sys, time
from winrm.protocol import Protocol
p = Protocol(sys.argv[1], transport='basic', username=sys.argv[2], password=sys.argv[4], ca_trust_path=sys.argv[3])
shell = p.open_shell(noprofile=True)
def one():
    c = p.run_command(shell, 'true'); p.get_command_output(shell, c); p.cleanup_command(shell, c)
for _ in range(5): one()
n = int(sys.argv[5]); u = resource.getrusage(resource.RUSAGE_SELF); t = time.monotonic()
for _ in range(n): one()
v = resource.getrusage(resource.RUSAGE_SELF)
print((v.ru_utime + v.ru_stime - u.ru_utime - u.ru_stime) / n * 1000, (time.monotonic() - t) / n * 1000)
p.close_shell(shell)"""


class Sshd:
    """OpenSSH's own server on loopback, its own keys, this user."""

    def __init__(self, folder):
        folder = pathlib.Path(folder)
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
        (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (folder / "sshd_config").write_text(
            f"ListenAddress 127.0.0.1:{self.port}\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\n"
            f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nMaxStartups 100\n")
        os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", str(folder / "sshd_config")], stderr=subprocess.DEVNULL)
        me = pwd.getpwuid(os.getuid()).pw_name
        self.command = ["ssh", "-F", "none", "-p", str(self.port), "-i", str(folder / "user"), "-o", "IdentitiesOnly=yes",
                        "-o", f"UserKnownHostsFile={folder}/known", "-o", "StrictHostKeyChecking=accept-new",
                        "-o", "LogLevel=ERROR", "-l", me, "127.0.0.1"]
        while subprocess.run([*self.command, "true"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            if self.process.poll() is not None:
                raise SystemExit("bench: sshd did not start")

    def keep(self):
        """@return the command over one connection that stays open"""
        path = self.command[self.command.index("-i") + 1] + ".control"
        warm = [*self.command[:-1], "-o", f"ControlPath={path}", self.command[-1]]
        subprocess.run([*warm[:-1], "-o", "ControlMaster=yes", "-o", "ControlPersist=300", "-fN", warm[-1]], check=True,
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.close = [*warm[:-1], "-O", "exit", warm[-1]]
        return warm

    def stop(self):
        if hasattr(self, "close"):
            subprocess.run(self.close, stderr=subprocess.DEVNULL)
        self.process.terminate()
        self.process.wait()


def idle_connections(service, count=1000):
    """KiB of the front's resident memory per idle, logged-in TLS connection."""
    front = next(p for p in children_of(service.pid) if b"front" in pathlib.Path(f"/proc/{p}/cmdline").read_bytes())
    rss = lambda: int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{front}/status").read_text())[1])  # noqa: E731
    from winrmtest import IDENTIFY
    context = ssl.create_default_context(cafile=service.ca)
    request = (f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nAuthorization: {service.authorization()}"
               f"\r\nContent-Length: {len(IDENTIFY)}\r\n\r\n{IDENTIFY}").encode()
    def one():
        tls = context.wrap_socket(socket.create_connection((service.host, service.port)), server_hostname=service.host)
        tls.sendall(request)
        answer = b""
        while b"</s:Envelope>" not in answer:
            piece = tls.recv(65536)
            if not piece:
                raise SystemExit("bench: a connection was refused: " + answer.decode(errors="replace"))
            answer += piece
        return tls
    kept = [one() for _ in range(20)]
    before = rss()
    kept += [one() for _ in range(count)]
    after = rss()
    for tls in kept:
        tls.close()
    return (after - before) / count


def many_clients(service, count=1000, at_once=64):
    """One process with `count` clients of one host name on one event_loop, over TLS with the authorities of the system,
    all connections open at the end. Ends the bench when it costs more than a process may have for this."""
    bundle = pathlib.Path(ssl.get_default_verify_paths().openssl_cafile).resolve()
    known = [p for p in (bundle, pathlib.Path("/etc/ssl/certs/ca-certificates.crt")) if p.is_file()]
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:
        file.write(known[-1].read_bytes() if known else b"")
        file.write(pathlib.Path(service.ca).read_bytes())
        file.flush()
        url = f"https://localhost:{service.port}/wsman"
        got = subprocess.run([options.bin + "/bench/bench_clients", url, service.user, str(count), str(at_once)], capture_output=True,
                             text=True, env={**os.environ, "WINRM_PASSWORD": service.password, "SSL_CERT_FILE": file.name})
    if got.returncode:
        raise SystemExit("bench: clients: " + got.stderr)
    wall, cpu, one, peak, threads, connections, others, kept = map(float, got.stdout.split())
    for what, is_, most in [("threads", threads, 5), ("descriptors beside the connections", others, 20),
                            ("MiB", peak / 1024, 40), ("connections", connections, count)]:
        if is_ > most:
            raise SystemExit(f"bench: {count} clients on one loop take {is_:.0f} {what}, more than {most}")
    row = (f"{count} clients on one loop, `true` each, {at_once} at a time", f"{wall / count:.2f} ms each", f"{cpu:.2f} ms each", f"{peak / 1024:.1f} MiB")
    return row, (f"{count} clients on one loop: {threads:.0f} threads, {others:.0f} descriptors beside {connections:.0f} connections, "
                 f"{kept:.0f} KiB for each; CPU {cpu:.2f} ms for one (handshake and command of one client alone: {one:.2f} ms)")


def main():
    rows = []
    with tempfile.TemporaryDirectory() as folder, Service() as service:
        sshd = Sshd(folder)
        env = {"WINRM_PASSWORD": service.password}
        ours = lambda *c: service.args("run", "-n", "--auth", "basic", "--", *c)  # noqa: E731
        try:
            login = [service.url, service.user, service.ca, service.password]
            cold = rounds(options.bin, {"winrm": (ours("true"), env), "ssh": ([*sshd.command, "true"], None),
                           "pywinrm": ([PYTHON, "-c", COLD, *login], None),
                           "openssl version": (["openssl", "version"], None)}, options.runs)
            requests = json.loads(subprocess.run(service.args("run", "-n", "--auth", "basic", "--json", "--", "true"), capture_output=True,
                                                 env={**os.environ, **env}).stdout)["requests"]
            for name, (wall, cpu, rss) in cold.items():
                rows.append((f"cold `true`: {name}", f"{wall:.1f} ms", f"{cpu:.1f} ms", f"{rss:.1f} MiB"))
            ratio = lambda a, b, i: cold[a][i] / cold[b][i]  # noqa: E731
            notes = [f"requests of a cold run: {requests}",
                     f"cold run: {ratio('ssh', 'winrm', 0):.1f} times faster than ssh, {ratio('pywinrm', 'winrm', 0):.1f} times faster than pywinrm",
                     f"cold run: pywinrm takes {ratio('pywinrm', 'winrm', 1):.1f} times the client CPU, ssh {ratio('ssh', 'winrm', 1):.1f} times"]
            count = 1000
            warm = {}
            for name, args in {"winrm": [options.bin + "/bench/bench_session", *login[:3], str(count)],
                               "pywinrm": [PYTHON, "-c", WARM, *login, str(count)]}.items():
                got = [subprocess.run(args, capture_output=True, text=True, env={**os.environ, **env}) for _ in range(3)]
                if any(g.returncode for g in got):
                    raise SystemExit(f"bench: {name}: {got[0].stderr}")
                warm[name] = [statistics.median(numbers) for numbers in zip(*(map(float, g.stdout.split()) for g in got))]
                rows.append((f"command in an open shell: {name}", f"{warm[name][1]:.2f} ms", f"{warm[name][0]:.2f} ms", ""))
            (wall, cpu, _), = rounds(options.bin, {"ssh": ([*sshd.keep(), "true"], None)}, options.runs).values()
            rows.append(("command over an open connection: ssh (a process each)", f"{wall:.2f} ms", f"{cpu:.2f} ms", ""))
            notes.append(f"command in an open shell: pywinrm takes {warm['pywinrm'][0] / warm['winrm'][0]:.1f} times the client CPU")
            notes.append(f"requests of a command in an open shell: {warm['winrm'][2]:.0f}")
            notes.append(f"client memory grew by {warm['winrm'][3]:.0f} KiB in {count} commands")
            size = options.megabytes * 1_000_000
            line = f"head -c {size} /dev/zero"
            bulk = rounds(options.bin, {"winrm": (ours(line), env), "ssh": ([*sshd.command, line], None)}, 5)
            bulk |= rounds(options.bin, {"pywinrm": ([PYTHON, "-c", BULK, *login, line], None)}, 1)
            for name, (wall, cpu, rss) in bulk.items():
                rows.append((f"{options.megabytes} MB of stdout: {name}", f"{size / wall / 1000:.0f} MB/s", f"{cpu:.0f} ms", f"{rss:.1f} MiB"))
            notes.append(f"output: {bulk['ssh'][0] / bulk['winrm'][0]:.2f} of ssh's MB/s; client memory {bulk['winrm'][2]:.1f} MiB")
        finally:
            sshd.stop()
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as limits:
        limits.write("[limits]\nmax_connections = 4000\nmax_shells_per_user = 200\n")
        limits.flush()
        with Service("--config", limits.name) as service:
            row, note = many_clients(service)
            rows.append(row)
            notes.append(note)
        with Service("--config", limits.name) as service:
            notes.append(f"front process per idle TLS connection: {idle_connections(service):.1f} KiB")
    print("| what | wall or rate (median) | client CPU | client peak memory |\n|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
    for note in notes:
        print("- " + note)


resource.setrlimit(resource.RLIMIT_NOFILE, (min(65536, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
main()
