"""Issue 10: NTLM on a service as it is installed: its own accounts, strict channel binding, nothing clear without TLS. As root, else
skipped."""
import os
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from ntlm import FLAGS, Ntlm, md4  # noqa: E402
from systemtest import Daemon, WithPlace, call  # noqa: E402
from test_login_time import ROUNDS, SURE, rank_distance  # noqa: E402
from test_tokens import Client, token_process  # noqa: E402
from winrmtest import IDENTIFY, children_of, main  # noqa: E402


class OwnAccounts(WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada, cls.bob = cls.place.account("a", "-G", cls.place.group), cls.place.account("b")
        cls.eve = cls.place.account("e", "-G", cls.place.group)
        call("usermod", "-e", "1970-01-02", cls.eve[0])
        cls.accounts = cls.place.path / "ntlm"
        cls.accounts.write_text("".join(f"{name}:{md4(password.encode('utf-16-le')).hex()}\n"
                                        for name, password in (cls.ada, cls.bob, cls.eve)))
        cls.accounts.chmod(0o600)

    def config(self, more="", tls=True, **kwargs):
        return self.place.config(f'[auth]\nntlm_accounts = "{self.accounts}"\nkerberos = false\n{more}', tls=tls, **kwargs)

    def test_the_account_logs_in_and_runs_as_itself(self):
        with Daemon(self.place, self.config(), user=self.ada) as service:
            with Client(service, bound=True) as client:
                self.assertEqual(client.offers_of(), ["Negotiate", "NTLM", "Basic"])
                self.assertEqual(client.log_in("Negotiate"), 200)
                self.assertIn(b"ProductVendor>OpenWinRM", client.sealed()[1])
            self.assertRegex(service.wait_log(" login "), f"result=ok .*user={self.ada[0]} scheme=Negotiate mechanism=NTLM sealed=yes "
                                                          "bound=yes delegated=no tls=on")
            service.wait_log(f" user_process_start user={self.ada[0]} ")

    def test_s6_strict_by_default_over_TLS(self):
        with Daemon(self.place, self.config(), user=self.ada) as service, Client(service) as client:
            self.assertEqual(client.log_in(), 401)
            self.assertIn("reason=channel_binding_missing", service.wait_log(" login "))

    def test_s4_s5_nothing_clear_without_TLS(self):
        with Daemon(self.place, self.config(tls=False), user=self.ada) as service:
            with Client(service) as client:
                self.assertEqual(client.offers_of(), ["Negotiate", "NTLM"])
                self.assertEqual(client.log_in(), 200)
                for _ in range(3):
                    self.assertIn(b"ProductVendor>OpenWinRM", client.sealed()[1])
                self.assertEqual(client.post(IDENTIFY.encode()), (400, b"", b""))
                self.assertEqual(client.post(IDENTIFY.encode())[0], 0)  # closed
            service.wait_log("message_refused peer=127.*reason=clear_body")
            with Client(service) as client:  # the login's last leg brings one
                token = client.ntlm.authenticate(client.challenge())
                self.assertEqual(client.leg(token, body=IDENTIFY.encode())[0], 400)
            with Client(service) as client:  # who cannot seal need not try
                self.assertEqual(client.leg(client.ntlm.negotiate(FLAGS & ~0x20))[1], b"")
            service.wait_log("reason=weak")

    def test_the_rules_of_accounts_hold(self):
        with Daemon(self.place, self.config(), user=self.ada) as service:
            for (user, password), reason in ((self.bob, "not_in_allowed_group"), (self.eve, "account_refused")):
                since = service.mark()
                with Client(service, user=user, password=password, bound=True) as client:
                    self.assertEqual(client.log_in(), 401)
                self.assertRegex(service.wait_log(" login ", since), f"result=denied .*user={user} .*reason={reason}")

    def test_s11_no_kind_of_account_is_told_by_time(self):
        kinds = {"known": (self.ada[0], "wrong"), "in no group": (self.bob[0], "wrong"), "expired": (self.eve[0], "wrong"),
                 "unknown": ("x" * len(self.ada[0]), "wrong"), "of the system alone": ("daemon", "wrong")}
        times = {kind: [] for kind in kinds}
        for _ in range(0, ROUNDS, 3):
            with Daemon(self.place, self.config(), user=self.ada) as service:
                for _ in range(3):
                    for kind in random.sample(list(kinds), len(kinds)):
                        user, password = kinds[kind]
                        with Client(service, user=user, password=password, bound=True) as client:
                            token = client.ntlm.authenticate(client.challenge())
                            began = time.perf_counter()
                            self.assertEqual(client.leg(token), (401, b"", b""))
                            times[kind].append(time.perf_counter() - began)
        shown = {kind: f"{1000 * sorted(took)[ROUNDS // 2]:.1f} ms" for kind, took in times.items()}
        print("medians:", shown, file=sys.stderr)
        for kind in kinds:
            with self.subTest(kind=kind):
                self.assertLess(rank_distance(times["known"], times[kind]), SURE, shown)

    def test_s23_nothing_that_reads_the_network_is_root(self):
        with Daemon(self.place, self.config(), user=self.ada) as service, Client(service, bound=True) as client, \
                Client(service) as half:
            for stage in (lambda: None, half.challenge, client.log_in, client.sealed):
                stage()
                for pid in children_of(service.pid):
                    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
                    if status["Name"] in ("winrmd-front", "winrmd-token"):
                        self.assertNotIn("0", status["Uid"].split())
                        self.assertEqual((status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
                        self.assertEqual(int(status["CapPrm"], 16), 0)
            self.assertTrue(os.path.exists(f"/proc/{token_process(service)}"))


if __name__ == "__main__":
    main()
