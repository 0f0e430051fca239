"""Issue 10: other people's clients log in to winrmd by Kerberos, with tickets of a throw-away MIT KDC: curl, requests-kerberos,
python3-winrm with every message sealed, our own client; what is refused, and what a SIGHUP changes."""
import base64
import http.client
import importlib.util
import os
import pathlib
import pwd
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from systemtest import Daemon, WithPlace, named  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, Service, WINRM, WINRMD, WithOwnService, main, until  # noqa: E402

if kdc.missing():
    raise SystemExit(print(f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)") or 77)
if not shutil.which("curl"):
    raise SystemExit(print("SKIPPED: curl is not installed") or 77)

ME = pwd.getpwuid(os.geteuid()).pw_name
NAME = "HTTP/localhost"


def have(*modules):
    return all(importlib.util.find_spec(name) for name in modules)


class WithKdc(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kdc = kdc.Kdc()
        cls.addClassCleanup(cls.kdc.stop)
        cls.env = cls.kdc.env
        cls.user = cls.kdc.principal(ME)
        cls.other = cls.kdc.principal("winrm-nobody-here")
        cls.keytab = cls.kdc.principal(NAME)
        cls.ticket(cls.user, ME, "-f")
        before = dict(os.environ)
        os.environ.update({k: cls.env[k] for k in ("KRB5_CONFIG", "KRB5CCNAME", "GSS_MECH_CONFIG")})
        cls.addClassCleanup(os.environ.update, before)

    @classmethod
    def ticket(cls, keytab, who, *options):
        cls.kdc.run("kinit", "-k", "-t", keytab, *options, who)

    @classmethod
    def rekey(cls):
        """The service gets another key, and `keytab` has that alone. @return the keytab that it had"""
        old = f"{cls.keytab}.{os.urandom(4).hex()}"
        os.rename(cls.keytab, old)
        cls.kdc.admin(f"cpw -randkey {NAME}")
        cls.kdc.admin(f"ktadd -norandkey -k {cls.keytab} {NAME}")
        cls.ticket(cls.user, ME, "-f")
        return old

    def service(self, *args, keytab=None):
        made = Service(*args, "--keytab", keytab or self.keytab, env={"KRB5_CONFIG": self.env["KRB5_CONFIG"]})
        self.addCleanup(made.log_file.close)
        self.addCleanup(made.stop)
        made.url = made.url.replace("127.0.0.1", "localhost")
        return made

    def curl(self, url, *args, ca="", data=IDENTIFY):
        got = subprocess.run(["curl", "-sS", "-v", "--negotiate", "-u", ":", *(["--cacert", ca] if ca else []), "-w",
                              "\n%{http_code} %{num_connects}", "-H", "Content-Type: application/soap+xml;charset=UTF-8",
                              "--data-binary", data, *args, url], capture_output=True, timeout=PATIENCE, env=self.env)
        return got.stdout.decode(), got.stderr.decode()


class Logins(WithKdc):
    def test_curl(self):
        for args in ([], ["--http"]):
            with self.subTest(args=args):
                service = self.service(*args)
                out, said = self.curl(service.url, ca=service.ca)
                self.assertTrue(out.endswith("\n200 1"), (out, said))
                self.assertIn("ProductVendor>OpenWinRM", out)
                self.assertRegex(service.log, f"login result=ok peer=127.0.0.1 user={ME} scheme=Negotiate mechanism=Kerberos "
                                              rf"sealed=\w+ bound=no delegated=no tls={'on' if service.tls else 'off'} ")

    def test_a_principal_that_is_no_account_of_ours(self):
        service = self.service()
        self.ticket(self.other, "winrm-nobody-here")
        self.addCleanup(self.ticket, self.user, ME, "-f")
        out, said = self.curl(service.url, ca=service.ca)
        self.assertTrue(out.startswith("\n401 "), (out, said))
        self.assertRegex(service.log, f"login result=denied .*user=winrm-nobody-here.* mechanism=Kerberos")
        self.assertNotIn("ProductVendor", out)

    def test_a_ticket_under_another_key(self):
        stranger = self.kdc.principal("HTTP/stranger")
        old = self.rekey()
        for keytab, reason in ((old, "ticket_refused"), (stranger, "wrong_service")):
            service = self.service("--http", keytab=keytab)
            out, said = self.curl(service.url)
            self.assertTrue(out.startswith("\n401 "), (out, said))
            self.assertRegex(service.log, f"login result=denied .*scheme=Negotiate mechanism=Kerberos .*reason={reason}\n")

    def test_s5_a_login_is_taken_once_on_http_and_tls_together(self):
        """Seen on the way by HTTP, sent again over HTTP on another connection."""
        service = self.service("--http")
        _, said = self.curl(service.url)
        token = re.search(r"> Authorization: (Negotiate \S+)", said)[1]
        with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as again:
            again.sendall(f"POST /wsman HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\nContent-Type: "
                          "application/soap+xml;charset=UTF-8\r\nContent-Length: 0\r\n\r\n".encode())
            answer = again.recv(65536)
        self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), answer)
        self.assertNotIn(b"Negotiate o", answer)
        self.assertRegex(service.log, "login result=denied .*mechanism=Kerberos .*reason=replayed\n")

    def test_bent_tokens(self):
        service = self.service("--http")
        _, said = self.curl(service.url)
        token = base64.b64decode(re.search(r"> Authorization: Negotiate (\S+)", said)[1])
        # Few, because failures of a source are slowed down; test_acceptor.py bends each byte.
        bent = [token[:n] for n in (1, 60, len(token) // 2, len(token) - 1)]
        bent += [token[:n] + b"\xff" * 4 + token[n + 4:] for n in (2, 20, 60, len(token) - 100)]
        for one in bent:
            with socket.create_connection(("127.0.0.1", service.port), PATIENCE) as again:
                again.sendall(b"POST /wsman HTTP/1.1\r\nHost: localhost\r\nAuthorization: Negotiate " + base64.b64encode(one) +
                              b"\r\nContent-Length: 0\r\n\r\n")
                answer = again.recv(65536)
                self.assertTrue(answer.startswith(b"HTTP/1.1 401 "), (answer, one.hex()))
        self.assertNotIn("token_end", service.log)
        self.assertNotIn("token_broke_rules", service.log)

    @unittest.skipUnless(have("gssapi"), "SKIPPED: python3-gssapi is not installed")
    def test_scheme_kerberos(self):
        """A token without Negotiate around it; over TLS a clear message is as good."""
        import gssapi
        service = self.service()
        context = gssapi.SecurityContext(name=gssapi.Name("HTTP@localhost", gssapi.NameType.hostbased_service), usage="initiate",
                                         mech=gssapi.OID.from_int_seq("1.2.840.113554.1.2.2"))
        connection = http.client.HTTPSConnection("localhost", service.port, timeout=PATIENCE,
                                                 context=ssl.create_default_context(cafile=service.ca))
        self.addCleanup(connection.close)
        headers = {"Content-Type": "application/soap+xml;charset=UTF-8",
                   "Authorization": "Kerberos " + base64.b64encode(context.step()).decode()}
        connection.request("POST", "/wsman", IDENTIFY, headers)
        got = connection.getresponse()
        self.assertEqual((got.status, b"ProductVendor>OpenWinRM" in got.read()), (200, True))
        scheme, token = got.headers["WWW-Authenticate"].split()
        self.assertEqual(scheme, "Kerberos")
        context.step(base64.b64decode(token))
        self.assertTrue(context.complete)
        self.assertRegex(service.log, "login result=ok .*scheme=Kerberos mechanism=Kerberos")

    @unittest.skipUnless(have("requests_kerberos"), "SKIPPED: python3-requests-kerberos is not installed")
    def test_requests_kerberos(self):
        import requests
        import requests_kerberos
        for args in ([], ["--http"]):
            with self.subTest(args=args):
                service = self.service(*args)
                session = requests.Session()
                auth = requests_kerberos.HTTPKerberosAuth(mutual_authentication=requests_kerberos.REQUIRED)
                for _ in range(2):
                    got = session.post(service.url, IDENTIFY, auth=auth, verify=service.ca or True, timeout=PATIENCE,
                                       headers={"Content-Type": "application/soap+xml;charset=UTF-8"})
                    self.assertEqual(got.status_code, 200)
                self.assertIn("ProductVendor>OpenWinRM", got.text)
                session.close()

    @unittest.skipUnless(have("winrm", "requests_kerberos", "gssapi"),
                         "SKIPPED: python3-winrm, python3-requests-kerberos or python3-gssapi is not installed")
    def test_python_winrm_sealed(self):
        import requests_kerberos.kerberos_ as theirs
        from winrm.protocol import Protocol
        before = theirs.kerberos
        theirs.kerberos = sealing_kerberos()
        self.addCleanup(setattr, theirs, "kerberos", before)
        for args in ([], ["--http"]):
            with self.subTest(args=args):
                service = self.service(*args)
                tls = {"ca_trust_path": service.ca, "server_cert_validation": "validate"} if service.tls else {}
                protocol = Protocol(service.url, transport="kerberos", username=ME, message_encryption="always", **tls)
                shell = protocol.open_shell(working_directory="/tmp")
                for n in range(5):
                    command = protocol.run_command(shell, f"echo {n}; id -un; head -c 300000 /dev/zero | tr '\\0' x")
                    out, err, code = protocol.get_command_output(shell, command)
                    self.assertEqual((out, err, code), (f"{n}\n{ME}\n".encode() + b"x" * 300_000, b"", 0))
                    protocol.cleanup_command(shell, command)
                protocol.close_shell(shell)
                self.assertRegex(service.log, "login result=ok .*mechanism=Kerberos")


    @unittest.skipUnless(have("winrm", "requests_kerberos", "gssapi"),
                         "SKIPPED: python3-winrm, python3-requests-kerberos or python3-gssapi is not installed")
    def test_a_forwarded_ticket_is_the_session_s_own_and_goes_with_it(self):
        """Delegation: a second hop from the command, klist and curl --negotiate to another service."""
        import requests_kerberos.kerberos_ as theirs
        from winrm.protocol import Protocol
        before = theirs.kerberos
        theirs.kerberos = sealing_kerberos()
        self.addCleanup(setattr, theirs, "kerberos", before)
        service, second = self.service("--http"), self.service("--http")
        made = {}
        for delegate in (True, False):
            protocol = Protocol(service.url, transport="kerberos", username=ME, message_encryption="always",
                                kerberos_delegation=delegate)
            shell = protocol.open_shell()
            command = protocol.run_command(shell, f"""
                export KRB5_CONFIG={self.env['KRB5_CONFIG']} GSS_MECH_CONFIG=/dev/null
                echo $KRB5CCNAME; stat -c %a "${{KRB5CCNAME#FILE:}}"; klist
                curl -sS --negotiate -u : -o /dev/null -w '%{{http_code}}' -H 'Content-Type: application/soap+xml;charset=UTF-8' \
                    --data-binary '{IDENTIFY.decode() if isinstance(IDENTIFY, bytes) else IDENTIFY}' {second.url}""")
            out, err, _ = protocol.get_command_output(shell, command)
            protocol.cleanup_command(shell, command)
            name = out.decode().splitlines()[0].removeprefix("FILE:")
            made[delegate] = name
            if delegate:
                self.assertRegex(out.decode(), f"(?s)^FILE:\\S+/krb5cc_winrmd_\\w+\n600\n.*Default principal: {ME}@{kdc.REALM}"
                                               f".*krbtgt/{kdc.REALM}@{kdc.REALM}.*200$", err)
                self.assertTrue(os.path.exists(name))
                self.assertRegex(service.log, "login result=ok .*delegated=yes")
            else:
                self.assertEqual(name, "")  # and no other login's
            protocol.close_shell(shell)
            protocol.transport.session.close()
        self.assertRegex(second.log, f"login result=ok .*user={ME} .*mechanism=Kerberos")
        until(lambda: not os.path.exists(made[True]), "the ticket's file stays")  # the connection's end is on its way

    def test_a_killed_user_process_leaves_no_ticket(self):
        """Neither of the one that was killed, nor is another's taken away: two services of one account."""
        self.kdc.run("kinit", "-k", "-t", self.user, "-f", ME)
        services, runs, files = [self.service("--http") for _ in range(2)], [], []
        self.addCleanup(lambda: [(run.kill(), run.wait(), run.stdout.close()) for run in runs])
        for service in services:
            runs.append(subprocess.Popen([WINRM, "run", service.url, "-n", "--delegate", "--", "echo $KRB5CCNAME; sleep 600"], env=self.env,
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
            files.append(runs[-1].stdout.readline().decode().strip().removeprefix("FILE:"))
            self.assertTrue(os.path.exists(files[-1]), files)
        os.kill(named(services[0].pid, "winrmd-user")[0], signal.SIGKILL)
        until(lambda: not os.path.exists(files[0]), lambda: "the ticket's file stays: " + services[0].log)
        self.assertTrue(os.path.exists(files[1]))


def sealing_kerberos():
    """The module `kerberos` as requests_kerberos uses it, over python3-gssapi: Debian's has no sealing for WinRM."""
    import gssapi
    from gssapi import raw

    def init(service, gssflags=0, principal=None, **_):
        name = gssapi.Name(service, gssapi.NameType.hostbased_service)
        return 1, types.SimpleNamespace(answer=b"", context=gssapi.SecurityContext(
            name=name, mech=gssapi.OID.from_int_seq("1.2.840.113554.1.2.2"), usage="initiate", flags=gssflags))

    def step(state, token, **_):
        state.answer = state.context.step(base64.b64decode(token) if token else None) or b""
        return 1 if state.context.complete else 0

    def encrypt(state, message):
        iov = raw.IOV(raw.IOVBufferType.header, message, raw.IOVBufferType.padding, std_layout=False)
        raw.wrap_iov(state.context, iov, confidential=True)
        return iov[1].value + (iov[2].value or b""), iov[0].value

    def decrypt(state, message, header):
        return state.context.unwrap(header + message).message

    return types.SimpleNamespace(
        GSS_C_MUTUAL_FLAG=2, GSS_C_SEQUENCE_FLAG=8, GSS_C_DELEG_FLAG=1, GSSError=gssapi.exceptions.GSSError,
        authGSSClientInit=init, authGSSClientStep=step, authGSSClientClean=lambda state: 1,
        authGSSClientResponse=lambda state: base64.b64encode(state.answer).decode(),
        authGSSWinRMEncryptMessage=encrypt, authGSSWinRMDecryptMessage=decrypt)


# krb5.conf(5), [plugins] localauth: winrm-nobody-here is ME, and nothing is known of anybody else.
LOCALAUTH = """
#include <krb5/localauth_plugin.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
static krb5_error_code an2ln(krb5_context c, krb5_localauth_moddata d, const char *type, const char *residual,
                             krb5_const_principal who, char **name)
{
    (void)c, (void)d, (void)type, (void)residual;
    if (who->length != 1 || who->data[0].length != 17 || memcmp(who->data[0].data, "winrm-nobody-here", 17)) return KRB5_LNAME_NOTRANS;
    *name = strdup("@ME@");
    return *name ? 0 : ENOMEM;
}
static void free_string(krb5_context c, krb5_localauth_moddata d, char *text)
{
    (void)c, (void)d;
    free(text);
}
krb5_error_code localauth_test_initvt(krb5_context c, int major, int minor, krb5_plugin_vtable vtable)
{
    krb5_localauth_vtable mine = (krb5_localauth_vtable)vtable;
    (void)c, (void)minor;
    if (major != 1) return KRB5_PLUGIN_VER_NOTSUPP;
    mine->name = "test";
    mine->an2ln = an2ln;
    mine->free_string = free_string;
    return 0;
}
"""


class Configured(WithOwnService, WithKdc):
    """The service by its configuration: Kerberos without Basic, on a listener without TLS, and a SIGHUP."""

    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://localhost:{self.port}/wsman"
        folder = self.kdc.folder / f"service-{self.port}"
        folder.mkdir()
        (folder / "users").touch(0o600)
        self.keys = folder / "keytab"
        shutil.copy(self.keytab, self.keys)
        self.file = folder / "winrmd.toml"
        self.file.write_text(f'user_file = "users"\npam_service = "other"\nallow_groups = ["{self.group()}"]\npermit_root = true\n'
                             f'[auth]\nbasic = false\nkeytab = "keytab"\n'
                             f'[[listen]]\naddress = "127.0.0.1"\nport = {self.port}\ntls = false\n[limits]\nheartbeat_s = 1\n')
        self.log = open(folder / "log", "ab")
        self.addCleanup(self.log.close)
        # Its own configuration of Kerberos, for the test that replaces it.
        self.conf = folder / "krb5.conf"
        shutil.copy(self.env["KRB5_CONFIG"], self.conf)
        self.process = self.start()
        self.addCleanup(self.stop)
        self.wait(r" info winrmd ready\b")

    def start(self):
        return subprocess.Popen([WINRMD, "--config", self.file], stderr=self.log, env={**self.env, "KRB5_CONFIG": str(self.conf)})

    @staticmethod
    def group():
        import grp
        return grp.getgrgid(os.getegid()).gr_name

    def test_s4_s5_neither_basic_nor_clear_messages_without_tls(self):
        out, said = self.curl(self.url)
        self.assertNotIn("WWW-Authenticate: Basic", said)
        self.assertNotIn("ProductVendor", out)  # logged in, and not sealed
        self.assertRegex(self.said(), "login result=ok .*mechanism=Kerberos sealed=yes")
        self.assertFalse(out.startswith("\n200") or "\n200 " in out, out)

    def test_a_keytab_that_changes_holds_from_sighup_on(self):
        self.rekey()
        self.curl(self.url)
        self.assertRegex(self.said(), "login result=denied .*reason=ticket_refused")
        shutil.copy(self.keytab, self.keys)
        self.process.send_signal(signal.SIGHUP)
        self.wait(" reload ")
        self.curl(self.url)
        self.assertRegex(self.said(), "login result=ok .*mechanism=Kerberos")

    def test_a_krb5_conf_that_is_replaced_holds(self):
        def rule(name):
            return self.conf.read_text().replace("kdc = 127", f"auth_to_local = RULE:[1:{name}]\n  kdc = 127", 1)
        self.curl(self.url)
        self.assertRegex(self.said(), f"login result=ok .*user={ME} ")
        fresh = self.conf.with_name("fresh.conf")  # another file by the same name, as editors write it
        fresh.write_text(rule("winrm-nobody-here"))
        fresh.rename(self.conf)
        self.wait("token_ends .*replaced")
        self.wait("token_ready", 2)
        self.curl(self.url)
        self.assertRegex(self.said(), f"login result=denied .*user={ME}@{kdc.REALM} .*reason=no_such_account\n")

    def test_a_krb5_conf_that_is_replaced_is_no_error(self):
        """The process that reads tokens ends by itself, at the next sign of life."""
        for round in (2, 3):
            fresh = self.conf.with_name("fresh.conf")
            fresh.write_text(self.conf.read_text())
            fresh.rename(self.conf)
            self.wait("token_ready", round)
        self.assertEqual(self.said().count('token_end '), 2)
        self.assertNotRegex(self.said(), " error ")
        self.assertRegex(self.said(), r' info winrmd token_end pid=\d+ status="exit 0"')

    @unittest.skipUnless(shutil.which("cc"), "SKIPPED: no compiler")
    def test_a_localauth_plugin_has_its_say(self):
        """As SSSD's and winbind's: a module that krb5.conf names, which no sandbox could load."""
        module = self.conf.with_name("localauth.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(module), "-xc", "-"], input=LOCALAUTH.replace("@ME@", ME).encode(), check=True,
                       capture_output=True)
        self.ticket(self.other, "winrm-nobody-here")
        self.addCleanup(self.ticket, self.user, ME, "-f")
        self.curl(self.url)
        self.assertRegex(self.said(), f"login result=denied .*user=winrm-nobody-here@{kdc.REALM} .*reason=no_such_account\n")
        with open(self.conf, "a") as conf:
            conf.write(f"[plugins]\n localauth = {{\n  module = test:{module}\n }}\n")
        self.curl(self.url)
        self.assertRegex(self.said(), f"login result=ok .*user={ME} .*mechanism=Kerberos")

    def test_kerberos_that_is_switched_on_by_sighup(self):
        with_it = self.file.read_text()
        (self.keys.parent / "accounts").touch(0o600)
        self.file.write_text(with_it.replace('keytab = "keytab"', 'kerberos = false\nntlm_accounts = "accounts"'))
        self.process.send_signal(signal.SIGHUP)
        self.wait(" reload ")
        self.stop()
        self.process = self.start()
        self.wait(r" info winrmd ready\b", 2)
        _, said = self.curl(self.url)
        self.assertNotIn("WWW-Authenticate: Kerberos", said)
        self.file.write_text(with_it)
        self.process.send_signal(signal.SIGHUP)
        self.wait("token_ready", 3)  # its library cannot be loaded any more: another one has loaded it
        self.wait("front_drain")
        self.curl(self.url)
        self.assertRegex(self.said(), "login result=ok .*mechanism=Kerberos")

    def test_a_keytab_that_breaks_leaves_the_old_one(self):
        self.keys.write_bytes(b"\5\2\0\0\0\1")
        self.process.send_signal(signal.SIGHUP)
        self.wait("reload_refused .*damaged keytab")
        self.curl(self.url)
        self.assertRegex(self.said(), "login result=ok .*mechanism=Kerberos")


@unittest.skipIf(os.geteuid() != 0, "SKIPPED: not root, and other accounts' files are what is tested")
class OtherAccounts(WithKdc, WithPlace):
    @classmethod
    def setUpClass(cls):
        WithPlace.setUpClass.__func__(cls)
        WithKdc.setUpClass.__func__(cls)
        cls.ada = cls.place.account("a", "-G", cls.place.group)
        cls.kdc.principal(cls.ada[0], "Ada.2.word")
        shutil.copy(cls.keytab, cls.place.path / "keytab")

    def test_a_killed_process_or_keeper_leaves_no_ticket_of_its_account(self):
        """The monitor is root, and removes it as the account."""
        config = self.place.config(f'[auth]\nkeytab = "{self.place.path}/keytab"\n', tls=False)
        options = ("--auth", "kerberos", "--delegate", "-u", f"{self.ada[0]}@{kdc.REALM}")
        with Daemon(self.place, config) as service:
            for victim in ("winrmd-user", "winrmd-session"):
                run = subprocess.Popen([WINRM, "run", f"http://localhost:{service.port}/wsman", "-n", *options, "--", "echo $KRB5CCNAME; id -un; sleep 600"],
                                       env={**self.env, "WINRM_PASSWORD": "Ada.2.word"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE)
                name = run.stdout.readline().decode().strip().removeprefix("FILE:")
                self.assertEqual(run.stdout.readline().decode().strip(), self.ada[0], service.log)
                self.assertEqual(pathlib.Path(name).owner(), self.ada[0])
                mark = service.mark()
                os.kill(named(service.pid, victim)[0], signal.SIGKILL)
                until(lambda name=name: not os.path.exists(name), lambda: "the ticket's file stays: " + service.log)
                service.wait_log("user_process_end .*signal 9|user_process_end .*exit 137", mark)
                run.kill()
                run.communicate()


main()
