"""A throw-away MIT KDC on loopback: a realm in a temporary folder, no file of the system's is read or written."""
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

from winrmtest import PATIENCE

REALM = "WINRM.TEST"
TYPES = "aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 rc4-hmac"
# Debian puts the KDC where only root's PATH looks.
SEARCHED = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


def missing():
    """Name of a program that is needed and not installed, or None."""
    return next((p for p in ("krb5kdc", "kdb5_util", "kadmin.local") if not shutil.which(p, path=SEARCHED)), None)


class Kdc:
    """`env`: environment for programs that use it; `stop()` ends it and removes all."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="winrm-kdc-"))
        self.folder.chmod(0o755)  # the configuration is read by a process without rights; keys are files of mode 600
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        here = self.folder
        # A realm's braces need lines of their own.
        (here / "krb5.conf").write_text(f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
 allow_rc4 = true
 permitted_enctypes = {TYPES}
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:{port}
 }}
[logging]
 kdc = STDERR
 admin_server = STDERR
 default = STDERR
""")
        (here / "kdc.conf").write_text(f"""[kdcdefaults]
 kdc_listen = 127.0.0.1:{port}
 kdc_tcp_listen = 127.0.0.1:{port}
[realms]
 {REALM} = {{
  database_name = {here}/principal
  key_stash_file = {here}/stash
  acl_file = {here}/acl
  supported_enctypes = {" ".join(t + ":normal" for t in TYPES.split())}
 }}
""")
        # Mechanisms that are plugged into the system's library are not what is tested: gss-ntlmssp's acceptor crashes
        # with a credential that has no name, on its own tokens too.
        self.env = {**os.environ, "PATH": SEARCHED, "GSS_MECH_CONFIG": "/dev/null", "KRB5_CONFIG": str(here / "krb5.conf"),
                    "KRB5_KDC_PROFILE": str(here / "kdc.conf"), "KRB5CCNAME": f"FILE:{here}/ccache"}
        self.kdc = None
        try:
            self.run("kdb5_util", "create", "-s", "-P", "master", "-r", REALM)
            self.kdc = subprocess.Popen(["krb5kdc", "-n", "-r", REALM], env=self.env, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT)
            for line in self.kdc.stdout:  # it says when it listens
                if b"commencing operation" in line:
                    break
            else:
                raise RuntimeError("krb5kdc ended at once")
        except BaseException:
            self.stop()
            raise

    def run(self, *args, env=None):
        got = subprocess.run(args, env=env or self.env, capture_output=True, timeout=PATIENCE)
        if got.returncode != 0:
            raise RuntimeError(f"{args}: {got.stdout!r} {got.stderr!r}")
        return got.stdout.decode()

    def admin(self, query):
        return self.run("kadmin.local", "-r", REALM, "-q", query)

    def principal(self, name, password=None):
        """Makes it; returns its keytab's path."""
        self.admin(f"addprinc {f'-pw {password}' if password else '-randkey'} {name}")
        keytab = self.folder / (name.replace("/", "_") + ".keytab")
        self.admin(f"ktadd -norandkey -k {keytab} {name}")
        return str(keytab)

    def client(self, enctype):
        """Environment of a client that takes nothing but this encryption type; its ticket cache is a new one."""
        narrow = (self.folder / "krb5.conf").read_text().replace(f"permitted_enctypes = {TYPES}", f"permitted_enctypes = {enctype}")
        config = self.folder / f"krb5-{enctype}.conf"
        config.write_text(narrow)
        return {**self.env, "KRB5_CONFIG": str(config), "KRB5CCNAME": f"FILE:{self.folder}/ccache-{enctype}"}

    def stop(self):
        if self.kdc:
            self.kdc.terminate()
            self.kdc.wait(PATIENCE)
            self.kdc.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Realm:
    """A KDC with a user and a service; `env` is what test/peers/gss_peer.h reads."""

    def __init__(self):
        self.kdc = Kdc()
        # MIT allocates each message; without this the kernel's clearing of pages is what a benchmark measures.
        self.kdc.env.update(MALLOC_MMAP_THRESHOLD_="67108864", MALLOC_TRIM_THRESHOLD_="67108864")
        try:
            service = "HTTP/host.winrm.test"
            self.env = {**self.kdc.env, "PEER_SERVICE": f"{service}@{REALM}",
                        "PEER_CLIENT_KEYTAB": self.kdc.principal("ada"), "PEER_KEYTAB": self.kdc.principal(service)}
        except BaseException:
            self.kdc.stop()
            raise

    def stop(self):
        self.kdc.stop()
