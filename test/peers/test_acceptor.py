"""Our host's Kerberos with a throw-away MIT KDC: our client and MIT's, alone and in Negotiate, each enctype; each refusal."""
import os
import pathlib
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402

PEER = os.environ.get("ACCEPTOR_PEER", "")
HTTP = f"HTTP/host.winrm.test@{kdc.REALM}"

if not PEER:
    raise SystemExit(print("SKIPPED: built without libkrb5-dev") or 77)
if kdc.missing():
    raise SystemExit(print(f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)") or 77)


class Acceptor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kdc.Realm()
        cls.kdc = cls.realm.kdc

    @classmethod
    def tearDownClass(cls):
        cls.realm.stop()

    def login(self, *args, env=None, **options):
        got = subprocess.run([PEER, *args, *(f"{k}={v}" for k, v in options.items())], env={**self.realm.env, **(env or {})},
                             capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(got.returncode, 0, got.stderr[:2000])
        return got.stdout.strip()

    def test_each_client_in_each_shape(self):
        for client in ("ours", "mit"):
            for shape in ("raw", "spnego") + (("mic",) if client == "ours" else ()):
                with self.subTest(client=client, shape=shape):
                    self.assertEqual(self.login(client=client, shape=shape),
                                     f"sealed ada@{kdc.REALM} account=ada service={HTTP}")

    def test_each_enctype(self):
        for enctype in (17, 18, 19, 20, 23):
            for shape in ("raw", "spnego"):
                with self.subTest(enctype=enctype, shape=shape):
                    self.assertTrue(self.login(client="mit", shape=shape, enctype=enctype).startswith("sealed ada@"))

    def test_channel_binding(self):
        for client, host, policy, expected in [
                ("x", "x", "strict", "bound"), ("x", "x", "relaxed", "bound"), ("x", "x", "none", "sealed"),
                ("y", "x", "strict", "bad_binding"), ("y", "x", "relaxed", "bad_binding"), ("y", "x", "none", "sealed"),
                ("", "x", "strict", "bad_binding"), ("", "x", "relaxed", "sealed"), ("", "x", "none", "sealed"),
                ("x", "", "strict", "bad_binding"), ("x", "", "relaxed", "sealed"), ("", "", "relaxed", "sealed")]:
            with self.subTest(client=client, host=host, policy=policy):
                got = self.login(channel=client, host_channel=host, policy=policy)
                if expected == "bad_binding":
                    self.assertTrue(got.startswith("bad_binding: "), got)
                else:
                    self.assertTrue(got.startswith("sealed"), got)
                    self.assertEqual(got.endswith(" bound"), expected == "bound", got)

    def test_services_of_the_keytab_that_are_ours(self):
        both = self.kdc.folder / "both.keytab"
        for name in ("host/host.winrm.test", "cifs/host.winrm.test"):
            self.kdc.admin(f"addprinc -randkey {name}")
            self.kdc.admin(f"ktadd -norandkey -k {both} {name}")
        self.assertIn("service=host/", self.login(service="host/host.winrm.test", services="HTTP,host", keytab=both))
        got = self.login(service="cifs/host.winrm.test", services="HTTP,host", keytab=both)
        self.assertTrue(got.startswith("wrong_service: "), got)

    def test_another_key(self):
        self.kdc.admin("addprinc -randkey HTTP/other.winrm.test")
        got = self.login(service="HTTP/other.winrm.test")
        self.assertTrue(got.startswith("wrong_service: ") and "not found in keytab" in got, got)
        old = self.kdc.principal("HTTP/moved.winrm.test")
        self.kdc.admin("cpw -randkey HTTP/moved.winrm.test")
        got = self.login(service="HTTP/moved.winrm.test", keytab=old)
        self.assertTrue(got.startswith("ticket_refused: ") and "kvno 2" in got, got)

    def test_bent_tokens(self):
        for shape in ("raw", "spnego"):
            self.assertEqual(self.login(bend="replay", shape=shape), "replayed")
            got = self.login(bend="flip", shape=shape)
            self.assertRegex(got, "^(ticket_refused|bad_token|other|not_proven): ")
        for shape in ("raw", "spnego"):
            self.assertEqual(self.login(bend="cut", shape=shape), "Negotiate: bad_token")
            self.assertEqual(self.login(bend="all", shape=shape), "refused")

    def test_forms_that_are_not_ours(self):
        self.assertRegex(self.login(client="mit", shape="raw", flags="no_mutual"), "^too_weak: ")
        self.assertRegex(self.login(client="mit", shape="raw", flags="dce"), "^Negotiate: bad_token")
        self.assertRegex(self.login(client="mit", shape="spnego", flags="dce"), "^bad_token: DCE")

    def test_skewed_clock(self):
        self.kdc.run("kinit", "-k", "-t", self.realm.env["PEER_CLIENT_KEYTAB"], "ada")
        self.addCleanup(self.kdc.run, "kdestroy", "-q")
        self.kdc.run("kvno", HTTP)  # the KDC itself would refuse such a clock
        # A cache remembers by how much the KDC's clock is ahead (version 4: tag 1, seconds, microseconds).
        cache = self.kdc.folder / "ccache"
        whole = cache.read_bytes()
        self.assertEqual(whole[:2], b"\x05\x04")
        behind = 4 + int.from_bytes(whole[2:4], "big")
        cache.write_bytes(whole[:2] + struct.pack(">HHHii", 12, 1, 8, 3600, 0) + whole[behind:])
        self.assertRegex(self.login(flags="cache", service=HTTP), "^clock_skew: ")

    def test_forwarded_ticket_is_a_cache_file(self):
        self.kdc.run("kinit", "-k", "-t", self.realm.env["PEER_CLIENT_KEYTAB"], "-f", "ada")
        self.addCleanup(self.kdc.run, "kdestroy", "-q")
        cache = self.kdc.folder / "forwarded"
        self.assertTrue(self.login(flags="delegate", cache=cache).endswith(" delegated"))
        listed = self.kdc.run("klist", "-c", f"FILE:{cache}")
        self.assertIn(f"Default principal: ada@{kdc.REALM}", listed)
        self.assertIn(f"krbtgt/{kdc.REALM}@{kdc.REALM}", listed)
        self.kdc.run("kvno", "-c", f"FILE:{cache}", HTTP)  # it is good for a second hop

    def test_accounts_by_auth_to_local(self):
        conf = pathlib.Path(self.realm.env["KRB5_CONFIG"])
        for name, text, account in [
                ("rule", conf.read_text().replace("kdc = 127", "auth_to_local = RULE:[1:$1](ada)s/^/x-/\n  auth_to_local = DEFAULT\n  kdc = 127"),
                 "x-ada"),
                ("elsewhere", conf.read_text().replace(f"default_realm = {kdc.REALM}", "default_realm = ELSEWHERE.TEST"), "")]:
            with self.subTest(name):
                other = conf.with_name(name + ".conf")
                other.write_text(text)
                service = {"service": HTTP}
                self.assertIn(f" account={account} ", self.login(env={"KRB5_CONFIG": str(other)}, **service))


main()
