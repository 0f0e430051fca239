"""Logins by each scheme: requests and cost of a cold command, logins in a row and what they cost the service, output sealed
by the keys of a login against TLS. pywinrm and curl stand beside where they do the same. In one run on loopback, with a
throw-away KDC. Tickets are of the type that Windows domains use (AES-256, SHA-1); one row more has SHA-384. Prints the
Markdown table that README.md quotes."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))
parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True, help="build folder with tools/ and bench/")
parser.add_argument("--runs", type=int, default=11)
parser.add_argument("--logins", type=int, default=200)
parser.add_argument("--megabytes", type=int, default=100)
options = parser.parse_args()
os.environ["WINRM_BIN"] = options.bin + "/tools"
from winrmtest import IDENTIFY, WINRM, Service, children_of  # noqa: E402
from kdc import Kdc  # noqa: E402
from whole import rounds  # noqa: E402

PYTHON = "/usr/bin/python3"
# MD4 is in OpenSSL's legacy provider, which cryptography loads.
PYWINRM = """import sys
from cryptography.hazmat.backends.openssl import backend
from winrm.protocol import Protocol
p = Protocol(sys.argv[1], transport=sys.argv[4], username=sys.argv[2], password=sys.argv[3], message_encryption='always')
s = p.open_shell(noprofile=True)
c = p.run_command(s, 'true'); code = p.get_command_output(s, c)[2]; p.cleanup_command(s, c)
p.close_shell(s)
sys.exit(code)"""
WINDOWS = "aes256-cts-hmac-sha1-96"  # what domains of Windows agree on; MIT's own realms may have SHA-2
TICK = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_of(pid):
    """ms of a process and of all below it, those that have ended included"""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) * TICK + sum(cpu_of(child) for child in children_of(pid))


def requests_of(command, env):
    got = subprocess.run([*command[:2], "--json", *command[2:]], capture_output=True, env={**os.environ, **env}, check=True)
    return json.loads(got.stdout)["requests"]


class Host:
    """One service on loopback, and orders to it by each scheme."""

    def __init__(self, service, config, tickets, strong):
        self.service, self.tickets, self.strong = service, tickets, strong
        self.trust = ["--config", config]
        self.ca = ["--ca", service.ca] if service.tls else []

    def command(self, scheme, line="true", tickets=None):
        """@return arguments, environment"""
        kerberos = scheme == "kerberos"
        user = [] if kerberos else ["-u", self.service.user]
        env = (tickets or self.tickets) if kerberos else {"WINRM_PASSWORD": self.service.password}
        return [WINRM, "run", self.service.url, *user, *self.ca, *self.trust, "--auth", scheme, "-n", "--", line], env

    def logins(self, scheme, count):
        """@return logins a second, client CPU ms, service CPU ms of each"""
        env = dict(self.tickets) if scheme == "kerberos" else {"WINRM_PASSWORD": self.service.password}
        if self.ca:
            env["SSL_CERT_FILE"] = self.service.ca
        before = cpu_of(self.service.pid)
        got = subprocess.run([options.bin + "/bench/bench_logins", self.service.url, self.service.user, scheme, str(count)],
                             capture_output=True, text=True, env={**os.environ, **env})
        if got.returncode:
            raise SystemExit(f"bench: logins by {scheme}: {got.stderr}")
        wall, cpu = map(float, got.stdout.split())
        return 1000 / wall, cpu, (cpu_of(self.service.pid) - before) / (count + 1)


def cold(secured, plain, folder, rows, notes):
    body = folder / "identify.xml"
    body.write_text(IDENTIFY)
    s = plain.service
    commands = {f"{scheme}, TLS": secured.command(scheme) for scheme in ("basic", "ntlm", "kerberos")}
    commands |= {f"{scheme}, sealed over HTTP": plain.command(scheme) for scheme in ("ntlm", "kerberos")}
    others = {"pywinrm: ntlm, sealed over HTTP": ([PYTHON, "-c", PYWINRM, s.url, s.user, s.password, "ntlm"], {}),
              "curl --negotiate, one request": (["curl", "-s", "-o", "/dev/null", "--fail", "--negotiate", "-u", ":", "-H",
                                                 "Content-Type: application/soap+xml;charset=UTF-8", "--data-binary", f"@{body}",
                                                 s.url], plain.tickets)}
    got = rounds(options.bin, {**commands, **others}, options.runs)
    for name, (wall, cpu, rss) in got.items():
        requests = requests_of(*commands[name]) if name in commands else ""
        rows.append((f"cold `true`: {name}", f"{wall:.1f} ms", f"{cpu:.1f} ms", f"{rss:.1f} MiB", str(requests)))
    ntlm, kerberos = got["ntlm, sealed over HTTP"], got["kerberos, sealed over HTTP"]
    notes.append(f"cold sealed NTLM run: pywinrm takes {got['pywinrm: ntlm, sealed over HTTP'][1] / ntlm[1]:.1f} times the client CPU")
    notes.append(f"cold sealed Kerberos run: {kerberos[1] / got['curl --negotiate, one request'][1]:.2f} of the client CPU of one curl --negotiate")


def in_a_row(secured, notes):
    for scheme in ("basic", "ntlm", "kerberos"):
        rate, client, service = secured.logins(scheme, options.logins)
        notes.append(f"logins by {scheme} over TLS, one after the other: {rate:.0f} a second; CPU of each {client:.2f} ms at the client, "
                     f"{service:.2f} ms at the service")


def output(secured, plain, rows, notes):
    size = options.megabytes * 1_000_000
    line = f"head -c {size} /dev/zero"
    got = rounds(options.bin, {"TLS": secured.command("basic", line), "sealed by NTLM, HTTP": plain.command("ntlm", line),
                               "sealed by Kerberos, HTTP": plain.command("kerberos", line),
                               "sealed by Kerberos with SHA-384, HTTP": plain.command("kerberos", line, plain.strong)}, 5)
    for name, (wall, cpu, rss) in got.items():
        rows.append((f"{options.megabytes} MB of stdout: {name}", f"{size / wall / 1000:.0f} MB/s", f"{cpu:.0f} ms", f"{rss:.1f} MiB", ""))
    for how in ("NTLM", "Kerberos", "Kerberos with SHA-384"):
        notes.append(f"output sealed by {how}: {got['TLS'][0] / got[f'sealed by {how}, HTTP'][0]:.2f} of TLS's MB/s")


def main():
    rows, notes = [], []
    realm = Kdc()
    try:
        keytab = realm.principal("HTTP/127.0.0.1")
        own = realm.principal(subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip())

        def tickets_of(enctype):
            env = realm.client(enctype)
            realm.run("kinit", "-k", "-t", own, pathlib.Path(own).stem, env=env)
            return {k: env[k] for k in ("KRB5_CONFIG", "KRB5CCNAME", "GSS_MECH_CONFIG")}

        tickets, strong = tickets_of(WINDOWS), tickets_of("aes256-cts-hmac-sha384-192")
        config = realm.folder / "winrm.toml"
        config.write_text('[defaults]\ntrusted_for_ntlm = ["127.0.0.1"]\n')
        config.chmod(0o600)
        own_env = {k: realm.env[k] for k in ("KRB5_CONFIG", "GSS_MECH_CONFIG")}
        with Service("--keytab", keytab, env=own_env) as with_tls, Service("--http", "--keytab", keytab, env=own_env) as without:
            secured, plain = (Host(s, str(config), tickets, strong) for s in (with_tls, without))
            cold(secured, plain, realm.folder, rows, notes)
            in_a_row(secured, notes)
            output(secured, plain, rows, notes)
    finally:
        realm.stop()
    print("| login | wall or rate (median) | client CPU | client peak memory | requests |\n|---|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
    for note in notes:
        print("- " + note)


main()
