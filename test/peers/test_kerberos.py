"""Our client's Kerberos with a throw-away MIT KDC: ticket cache, keytab, password, delegation; each failure in its words."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import kdc  # noqa: E402
from winrmtest import PATIENCE, main  # noqa: E402

PEER = os.environ.get("KERBEROS_PEER", "")
SERVICE = "HTTP/host.winrm.test"

if not PEER:
    raise SystemExit(print("SKIPPED: built without libkrb5-dev") or 77)
if kdc.missing():
    raise SystemExit(print(f"SKIPPED: {kdc.missing()} is not installed (krb5-kdc, krb5-admin-server)") or 77)


class Kerberos(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.realm = kdc.Realm()
        cls.kdc = cls.realm.kdc
        cls.kdc.principal("eve", "right")
        cls.kdc.principal("HTTP/unkeyed.winrm.test")

    @classmethod
    def tearDownClass(cls):
        cls.realm.stop()

    def login(self, *args, service=SERVICE, env=None):
        got = subprocess.run([PEER, args[0], service, *args[1:]], env={**self.realm.env, **(env or {})}, capture_output=True,
                             text=True, timeout=PATIENCE)
        self.assertEqual(got.returncode, 0, got.stderr[:2000])
        return got.stdout.strip()

    def ticket(self, *options):
        self.kdc.run("kinit", "-k", "-t", self.realm.env["PEER_CLIENT_KEYTAB"], *options, "ada")
        self.addCleanup(self.kdc.run, "kdestroy", "-q")

    def test_ticket_cache(self):
        self.assertEqual(self.login("cache"), "no_ticket")
        self.ticket()
        self.assertEqual(self.login("cache"), "sealed")
        self.assertEqual(self.login("cache", service=SERVICE + "@" + kdc.REALM), "sealed")
        self.assertEqual(self.login("cache", service="HTTP/nowhere.winrm.test"), "unknown_service")
        self.assertEqual(self.login("cache", service="HTTP/unkeyed.winrm.test"), "wrong_service")

    def holder(self, cache="", env=None):
        got = subprocess.run([PEER, "holder", cache], env={**self.realm.env, **(env or {})}, capture_output=True, text=True,
                             timeout=PATIENCE)
        self.assertEqual(got.returncode, 0, got.stderr[:2000])
        return got.stdout.rstrip("\n").split(" ")

    def test_whose_a_ticket_is(self):
        ours = ["ada@" + kdc.REALM, kdc.REALM]
        cache = self.realm.env["KRB5CCNAME"]
        self.assertEqual(self.holder(), ["", kdc.REALM])
        self.ticket()
        self.assertEqual(self.holder(), ours)
        self.assertEqual(self.holder(cache), ours)
        self.assertEqual(self.holder(cache, env={"KRB5CCNAME": "FILE:/nonexistent"}), ours)
        self.assertEqual(self.login("cache"), "sealed")  # a ticket for a service beside it
        self.assertEqual(self.holder(), ours)
        self.login("expire", service=cache)
        self.assertEqual(self.holder(), ["", kdc.REALM])
        self.ticket("-S", SERVICE)  # no ticket-granting one
        self.assertEqual(self.holder(), ["", kdc.REALM])
        self.assertEqual(self.holder(cache, env={"KRB5_CONFIG": "/dev/null"})[1:], [""])

    def test_whose_a_collection_is(self):
        folder = self.realm.kdc.folder / "collection"
        folder.mkdir(0o700)
        env = {"KRB5CCNAME": f"DIR:{folder}"}
        self.assertEqual(self.holder(env=env)[0], "")
        for name in ("bea", "cid"):
            keytab = self.kdc.principal(name)
            subprocess.run(["kinit", "-k", "-t", keytab, name], env={**self.realm.env, **env}, check=True, timeout=PATIENCE)
        self.assertEqual(self.holder(env=env)[0], "cid@" + kdc.REALM)
        subprocess.run(["kswitch", "-p", "bea"], env={**self.realm.env, **env}, check=True, timeout=PATIENCE)
        self.assertEqual(self.holder(env=env)[0], "bea@" + kdc.REALM)

    def test_delegation(self):
        self.ticket("-F")
        self.assertEqual(self.login("delegate"), "no_delegation")
        self.ticket("-f")
        self.assertEqual(self.login("delegate"), "sealed")

    def test_keytab(self):
        keytab = self.realm.env["PEER_CLIENT_KEYTAB"]
        self.assertEqual(self.login("keytab", "ada", "FILE:" + keytab), "sealed")
        self.assertEqual(self.login("keytab", "ada", "FILE:" + keytab + ".none"), "no_ticket")
        self.assertFalse(os.path.exists(self.realm.env["KRB5CCNAME"].removeprefix("FILE:")), "a ticket on disk")

    def test_password(self):
        self.assertEqual(self.login("password", "eve", "right"), "sealed")
        self.assertEqual(self.login("password", "eve", "wrong"), "wrong_password")
        self.assertEqual(self.login("password", "nobody", "right"), "unknown_user")
        self.assertEqual(self.login("password", "eve@ELSEWHERE.TEST", "right"), "unknown_realm")
        self.assertFalse(os.path.exists(self.realm.env["KRB5CCNAME"].removeprefix("FILE:")), "a ticket on disk")
        self.kdc.admin("modprinc +requires_preauth eve")
        self.assertEqual(self.login("password", "eve", "right"), "sealed")
        self.assertEqual(self.login("password", "eve", "wrong"), "wrong_password")

    def test_a_wrong_password_is_one_try_for_many_logins(self):
        """As many hosts of a program make them, several at a time; the KDC counts."""
        self.kdc.admin("addprinc -pw right +requires_preauth fleet")
        self.assertEqual(self.login("fleet", "fleet", "wrong"), "wrong_password " * 11 + "wrong_password")
        self.assertIn("Failed password attempts: 1\n", self.kdc.admin("getprinc fleet"))
        self.assertEqual(self.login("fleet", "fleet", "right"), "none " * 11 + "none")

    def test_accounts_that_are_shut(self):
        for name, change, reason in [("bob", "-allow_tix", "locked"), ("cay", "-expire yesterday", "locked"),
                                     ("dan", "-pwexpire yesterday", "expired")]:
            self.kdc.principal(name, "right")
            self.kdc.admin(f"modprinc {change} {name}")
            self.assertEqual(self.login("password", name, "right"), reason)

    def test_no_kdc(self):
        conf = pathlib.Path(self.realm.env["KRB5_CONFIG"])
        dead = conf.with_name("dead.conf")
        dead.write_text("\n".join(" kdc = 127.0.0.1:1" if "kdc = 127" in line else line for line in conf.read_text().splitlines()))
        self.assertEqual(self.login("password", "eve", "right", env={"KRB5_CONFIG": str(dead)}), "no_kdc")


main()
