"""Item 8.1 (S11): does the time of a refused login tell which accounts exist? By rank tests between kinds of accounts, under PAM and
with a user file; no absolute time counts. And what the log says when the file of a PAM service goes. As root, else skipped."""
import math
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from systemtest import call, Daemon, WithPlace  # noqa: E402
from winrmtest import IDENTIFY, main  # noqa: E402

ROUNDS = 18  # fewer than the failures that are free for one account: the gate is another matter
SURE = 4.2   # standard deviations, once in 30 000 by chance; two kinds of 18 that never overlap are 5.1 apart


def rank_distance(one, other):
    """Mann-Whitney's U in standard deviations from where it lies if both are of one distribution."""
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(both, 1) if which == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    return abs(u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


class RankDistance(unittest.TestCase):
    def test_it_tells_what_differs_and_nothing_else(self):
        chance = random.Random(8)
        same = [[chance.gauss(50, 5) for _ in range(ROUNDS)] for _ in range(2)]
        self.assertLess(rank_distance(*same), SURE)
        self.assertGreater(rank_distance(same[0], [value + 20 for value in same[1]]), SURE)


class Probing(WithPlace):
    """Each attempt comes from an address of its own."""
    sources = iter(f"127.{a}.{b}.{c}" for a in range(20, 30) for b in range(1, 250) for c in range(1, 250))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()

    def probe(self, service, user, password):
        """@return seconds that the refusal took, without connection and handshake"""
        service.source = next(self.sources)
        connection = service.connection()
        connection.connect()
        began = time.perf_counter()
        answer = service.post(IDENTIFY, headers=service.as_user((user, password)), connection=connection)
        took = time.perf_counter() - began
        connection.close()
        self.assertEqual((answer.status, answer.text), (401, b""))
        return took

    def compare(self, config, kinds, first):
        """A new service every few rounds: on a busy machine one slow check makes all refusals of a service slow for hours."""
        times = {kind: [] for kind in kinds}
        for _ in range(0, ROUNDS, 3):
            with Daemon(self.place, config) as service:
                for _ in range(3):
                    for kind in random.sample(list(kinds), len(kinds)):
                        times[kind].append(self.probe(service, *kinds[kind]))
        shown = {kind: f"{1000 * sorted(took)[ROUNDS // 2]:.1f} ms" for kind, took in times.items()}
        print("medians:", shown, file=sys.stderr)
        for kind in kinds:
            if kind != first:
                with self.subTest(kind=kind):
                    self.assertLess(rank_distance(times[first], times[kind]), SURE, shown)


class UnderPam(Probing):
    def test_s8_1_no_kind_of_account_is_told_by_time(self):
        group = ("-G", self.place.group)
        known, other = self.place.account("k", *group), self.place.account("o")
        locked, expired = self.place.account("l", *group), self.place.account("e", *group)
        call("usermod", "-L", locked[0])
        call("usermod", "-e", "1970-01-02", expired[0])
        none = self.place.account("n", *group)
        call("usermod", "-p", "*", none[0])
        kinds = {"known": (known[0], "wrong"), "unknown": ("wt-none" + self.place.tag, "wrong"), "locked": (locked[0], "wrong"),
                 "no password": (none[0], "wrong"), "system account": ("daemon", "wrong"), "in no group": other,
                 "expired": expired, "long name": ("x" * 300, "wrong"), "empty name": ("", "wrong")}
        self.compare(self.place.config(), kinds, "known")

    def test_s8_1_not_even_by_the_first_attempt(self):
        """The first refusals of a service that has just started: nothing has been checked yet."""
        known, times = self.place.account("f", "-G", self.place.group), {True: [], False: []}
        for number in range(20):
            with Daemon(self.place, self.place.config()) as service:
                exists = number % 2 == 0
                times[exists].append(self.probe(service, known[0] if exists else known[0] + "x", "wrong"))
        self.assertLess(rank_distance(times[True], times[False]), 3.7, times)  # 3.8: ten and ten that never overlap

    def test_s8_12_a_pam_file_that_goes_is_reported_once(self):
        account, text = self.place.account("p", "-G", self.place.group), self.place.pam.read_text()
        self.addCleanup(self.place.pam.write_text, text)
        with Daemon(self.place, self.place.config()) as service:
            service.source = "127.0.0.1"
            self.assertEqual(service.identify(account).status, 200)
            self.assertNotIn(" pam_service ", service.log)
            self.place.pam.unlink()
            for _ in range(2):
                service.identify(account)
            self.assertRegex(service.wait_log(" pam_service "), f"error.* problem=.*{self.place.pam} is gone.*other")
            self.assertEqual(service.log.count(" pam_service "), 1)
            self.place.pam.write_text(text)
            self.assertEqual(service.identify(account).status, 200)
            self.assertIn(" again", service.wait_log(" info .* pam_service "))


class WithUserFile(Probing):
    def test_s8_1_no_kind_of_account_is_told_by_time(self):
        known, other, users = self.place.account("k", "-G", self.place.group), self.place.account("o"), self.place.path / "users"
        shadow = dict(line.split(":")[:2] for line in pathlib.Path("/etc/shadow").read_text().splitlines())
        users.write_text("".join(f"{name}:{shadow[name]}\n" for name in (known[0], other[0])))
        users.chmod(0o600)
        kinds = {"known": (known[0], "wrong"), "not in the file": ("daemon", "wrong"), "unknown": ("wt-no" + self.place.tag, "x"),
                 "in no group": other}
        self.compare(self.place.config(f'user_file = "{users}"\n'), kinds, "known")


if __name__ == "__main__":
    main()
