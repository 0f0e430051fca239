"""A throw-away Active Directory domain by Samba, in a network namespace of its own: needs root, touches no file of the
system's. Programs that use it must run in the same namespace: enter() moves the whole test there."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

from winrmtest import PATIENCE, until

REALM = "CORP.TEST"
DOMAIN = "CORP"
SERVER = "web1.corp.test"  # every name of the domain is this machine
INSIDE = "WINRM_TEST_DOMAIN_NAMESPACE"


def missing():
    """Name of a program that is needed and not installed, or None."""
    return next((p for p in ("samba", "samba-tool", "ldbmodify", "kinit", "unshare", "ip", "wbinfo") if not shutil.which(p)), None)


def enter():
    """Starts this program anew in namespaces of its own; returns there."""
    if INSIDE in os.environ:
        return
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", sys.executable, *sys.argv])


class Domain:
    """`env`: environment for programs that use it; `stop()` ends it and removes all. One for each run of a test: the names
    of the machine stay replaced until the namespace goes."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="winrm-domain-"))
        self.folder.chmod(0o755)  # krb5.conf is read by a process without rights; keys and the database are closed themselves
        self.samba = None
        self.env = {**os.environ, "KRB5_CONFIG": str(self.folder / "krb5.conf"), "GSS_MECH_CONFIG": "/dev/null",
                    "KRB5CCNAME": f"FILE:{self.folder}/ccache"}
        try:
            self._machine()
            self._provision()
            self._start()
        except BaseException:
            self.stop()
            raise

    def _machine(self):
        """What of the machine the domain needs for itself: loopback, fixed sockets of Samba's, names."""
        self.run("ip", "link", "set", "lo", "up")
        os.makedirs("/run/samba", exist_ok=True)
        self.run("mount", "-t", "tmpfs", "tmpfs", "/run/samba")
        hosts = self.folder / "hosts"
        hosts.write_text(f"127.0.0.1 localhost {SERVER} web1 dc1.corp.test\n")
        self.run("mount", "--bind", str(hosts), "/etc/hosts")
        (self.folder / "krb5.conf").write_text(f"""[libdefaults]
 default_realm = {REALM}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 dns_canonicalize_hostname = false
 rdns = false
 udp_preference_limit = 1
[realms]
 {REALM} = {{
  kdc = 127.0.0.1:88
 }}
""")

    def _provision(self):
        here = self.folder / "dc"
        self.run("samba-tool", "domain", "provision", f"--realm={REALM}", f"--domain={DOMAIN}", "--server-role=dc",
                 "--dns-backend=NONE", "--adminpass=Only.for.2.tests", f"--targetdir={here}", "--host-name=dc1",
                 "--host-ip=127.0.0.1", "--option=interfaces=lo", "--option=bind interfaces only=yes")
        self.conf = here / "etc" / "smb.conf"
        self.conf.write_text(self.conf.read_text().replace("[global]", """[global]
\tserver services = s3fs, rpc, ldap, cldap, kdc, winbindd, drepl, kcc
\ttemplate shell = /bin/sh
\ttemplate homedir = /tmp
\tdisable netbios = yes
\tsmb ports = 445""", 1))
        self.database = here / "private" / "sam.ldb"

    def _start(self):
        with open(self.folder / "log", "wb") as log:
            self.samba = subprocess.Popen(["samba", "-i", "-M", "single", "-s", str(self.conf), "--debug-stdout"], stdout=log,
                                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        def answers(port):
            if self.samba.poll() is not None:
                raise RuntimeError("samba did not start: " + self._log())
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return True
            except OSError:
                return False

        for port in (88, 389, 445):
            until(lambda port=port: answers(port), self._log)

    def join_names(self):
        """The machine's accounts are its own and, by winbind, the domain's; members of winbindd_priv may ask for logins."""
        names = self.folder / "nsswitch.conf"
        names.write_text("passwd: files winbind\ngroup: files winbind\nshadow: files\nhosts: files\n")
        self.run("mount", "--bind", str(names), "/etc/nsswitch.conf")
        until(lambda: subprocess.run(["wbinfo", "-t"], capture_output=True, check=False).returncode == 0, self._log)
        self.let_ask("winbindd_priv")

    def let_ask(self, group):
        """Who may use winbindd's privileged pipe."""
        shutil.chown(self.folder / "dc" / "state" / "winbindd_privileged", group=group)

    def _log(self):
        return (self.folder / "log").read_text()[-2000:]

    def run(self, *args, input=None):
        got = subprocess.run(args, env=self.env, capture_output=True, timeout=4 * PATIENCE, input=input)
        if got.returncode != 0:
            raise RuntimeError(f"{args[:3]}: {got.stdout!r} {got.stderr!r}")
        return got.stdout.decode()

    def tool(self, *args):
        return self.run("samba-tool", *args, "-s", str(self.conf))

    def user(self, name, password):
        self.tool("user", "create", name, password)

    def service(self, name, *services):
        """An account that offers these service names; returns its keytab's path. Only with types of encryption stated
        does the domain make keys of AES for it, with the next password."""
        self.user(name, "First.1.password")
        for service in services:
            self.tool("spn", "add", service, name)
        change = f"dn: CN={name},CN=Users,DC=corp,DC=test\nchangetype: modify\nreplace: msDS-SupportedEncryptionTypes\n" \
                 "msDS-SupportedEncryptionTypes: 28\n"
        self.run("ldbmodify", "-H", str(self.database), input=change.encode())
        self.tool("user", "setpassword", name, "--newpassword=Second.2.password")
        keytab = self.folder / (name + ".keytab")
        for service in services:
            self.tool("domain", "exportkeytab", str(keytab), "--principal=" + service)
        return str(keytab)

    def kinit(self, user, password):
        self.run("kinit", user, input=(password + "\n").encode())

    def kdestroy(self):
        subprocess.run(["kdestroy", "-q"], env=self.env, capture_output=True, check=False)

    def stop(self):
        if self.samba:
            self.samba.terminate()
            self.samba.wait(PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
