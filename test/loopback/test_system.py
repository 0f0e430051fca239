"""winrmd as a system service: PAM and user file, accounts, sandbox, reload, several fronts, crashes. As root, else skipped
but for what a test service can show. Everything it makes on the system (accounts, group, PAM service) goes at the end."""
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import resource
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from systemtest import call, cgroup_folders, CREATE, Daemon, free_port, named, ON_SHELL, status_of, WithPlace  # noqa: E402
from winrmtest import IDENTIFY, PATIENCE, SHELL, TRANSFER, WINRMD, Service, children_of, envelope, main  # noqa: E402


class WithPam(WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        group = ("-G", cls.place.group)
        cls.ada, cls.bob = cls.place.account("a", *group), cls.place.account("b", *group)
        cls.other = cls.place.account("o")
        cls.locked, cls.expired = cls.place.account("l", *group), cls.place.account("e", *group)
        call("usermod", "-L", cls.locked[0])
        call("usermod", "-e", "1970-01-02", cls.expired[0])
        cls.service = Daemon(cls.place, cls.place.config())
        cls.addClassCleanup(cls.service.stop)

    def login_line(self, account, status, result, reason):
        since = self.service.mark()
        answer = self.service.identify(account)
        self.assertEqual((answer.status, status != 200 and answer.text), (status, status != 200 and b""))
        line = self.service.wait_log(rf" login .*user={account[0]} ", since)
        self.assertIn(f"result={result} ", line)
        self.assertIn(f"reason={reason}", line)
        self.assertIn("peer=127.0.0.1 ", line)
        self.assertNotIn(account[1], self.service.log)

    def test_right_password(self):
        self.login_line(self.ada, 200, "ok", "password")

    def test_wrong_password(self):
        self.login_line((self.bob[0], "wrong-word"), 401, "denied", "wrong_password_or_user")

    def test_unknown_user(self):
        self.login_line(("wt-nobody", "wrong-word"), 401, "denied", "wrong_password_or_user")

    def test_account_in_no_allowed_group(self):
        self.login_line(self.other, 401, "denied", "not_in_allowed_group")

    def test_locked_account(self):
        self.login_line(self.locked, 401, "denied", "wrong_password_or_user")

    def test_expired_account(self):
        self.login_line(self.expired, 401, "denied", "account_refused")

    def test_a_closed_machine_is_not_called_a_wrong_password(self):
        nologin = pathlib.Path("/etc/nologin")
        if nologin.exists():
            raise unittest.SkipTest("SKIPPED: /etc/nologin is there already")
        stack = self.place.pam.read_text()
        self.addCleanup(self.place.pam.write_text, stack)
        for modules in ("auth required pam_nologin.so\n" + stack + "account required pam_nologin.so\n",
                        stack + "account required pam_nologin.so\n",
                        "auth requisite pam_nologin.so\n" + stack):
            self.place.pam.write_text(modules)
            self.addCleanup(nologin.unlink, missing_ok=True)
            nologin.touch()
            self.login_line(self.ada, 401, "denied", "account_refused")
            nologin.unlink()
            self.login_line(self.ada, 200, "ok", "password")

    def test_S11_who_is_refused_hears_no_reason(self):
        answers = [self.service.identify(who) for who in (self.other, self.expired, (self.other[0] + "x", "no"))]
        kept = [(a.status, a.text, [(k, v) for k, v in a.headers.items() if k != "Date"]) for a in answers]
        self.assertEqual(kept, [kept[0]] * 3)

    def test_fail2ban_bans_who_guessed_and_nobody_else(self):
        manual = (pathlib.Path(__file__).resolve().parents[2] / "doc" / "winrmd.8.scd").read_text()
        rule = re.search(r"^failregex = (.*)$", manual, re.M)[1].replace("<HOST>", r"(?P<host>\S+)")
        fake = 'x winrmd login result=denied peer=203.0.113.9 user='
        with Daemon(self.place, self.place.config()) as service:
            for number, user in enumerate((self.bob[0], fake, f'"{fake}')):
                service.source = f"127.0.0.{number + 20}"
                self.assertEqual(service.identify((user, "wrong-word")).status, 401)
            self.assertEqual(service.identify(self.ada).status, 200)
            service.wait_log(f" login result=ok .*user={self.ada[0]} ")
            found = [re.search(rule, line) for line in service.log.splitlines()]
        self.assertEqual([f["host"] for f in found if f], [f"127.0.0.{number + 20}" for number in range(3)])

    def test_commands_run_as_the_account(self):
        for account in (self.ada, self.bob):
            got = self.service.sh(account, "id -u; id -un; id -Gn; echo $HOME; pwd; echo $USER; umask; cat /proc/self/status")
            self.assertEqual(got.returncode, 0, got.stderr)
            lines = got.stdout.decode().splitlines()
            home = str(self.place.path / account[0])
            uid = pathlib.Path(home).stat().st_uid
            self.assertNotEqual(uid, 0)
            self.assertEqual(lines[:2], [str(uid), account[0]])
            self.assertEqual(set(lines[2].split()), {account[0], self.place.group})
            self.assertEqual(lines[3:7], [home, home, account[0], "0022"])
            self.assertIn(f"Uid:\t{uid}\t{uid}\t{uid}\t{uid}", lines)
            self.assertIn("CapEff:\t0000000000000000", lines)
            self.assertIn("CapPrm:\t0000000000000000", lines)

    def test_no_descriptor_or_signal_state_is_inherited(self):
        got = self.service.sh(self.ada, "ls /proc/self/fd | wc -l; grep -E 'Sig(Blk|Ign)' /proc/self/status")
        self.assertEqual(got.stdout.split()[0], b"4")  # 0, 1, 2 and the folder that ls reads
        self.assertEqual(set(re.findall(rb"Sig\w+:\s+(\w+)", got.stdout)), {b"0" * 16}, got.stdout)

    def test_S14_a_foreign_shell_is_like_an_unknown_one(self):
        shell = self.service.open_shell(self.ada)
        mask = re.compile(rb"uuid:[0-9A-Fa-f-]+|" + shell.encode() + rb"|0{8}-0{4}-0{4}-0{4}-0{12}")
        for verb in ON_SHELL:
            answers = [self.service.on_shell(self.bob, verb, which) for which in (shell, "00000000-0000-0000-0000-000000000000")]
            said = [(a.status, mask.sub(b"*", a.text)) for a in answers]
            self.assertEqual(said[0], said[1], verb)
            self.assertEqual(said[0][0], 500, verb)
        listed = self.service.winrm("shells", "--json", user=self.bob[0], password=self.bob[1])
        self.assertEqual(json.loads(listed.stdout)["shells"], [])
        listed = self.service.winrm("shells", "--json", user=self.ada[0], password=self.ada[1])
        self.assertIn(shell, listed.stdout.decode())
        self.assertEqual(self.service.on_shell(self.ada, "Get", shell).status, 200)
        self.assertEqual(self.service.on_shell(self.ada, "Delete", shell).status, 200)

    def test_S23_nothing_that_reads_the_network_is_root(self):
        shells = [self.service.open_shell(who) for who in (self.ada, self.bob)]
        fronts, users = named(self.service.pid, "winrmd-front"), named(self.service.pid, "winrmd-user")
        self.assertEqual((len(fronts), len(users)), (1, 2))
        for pid in fronts:
            s = status_of(pid)
            self.assertNotIn("0", s["Uid"].split() + s["Gid"].split())
            self.assertEqual((s["Groups"], s["Seccomp"], s["NoNewPrivs"]), ("", "2", "1"))
            for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
                self.assertEqual((kind, int(s[kind], 16)), (kind, 0))
            self.assertEqual(os.listdir(f"/proc/{pid}/root"), [])
            # Nothing but log, control socket, listeners and connections is open, and no file.
            kinds = {os.readlink(f"/proc/{pid}/fd/{fd}").split(":")[0] for fd in os.listdir(f"/proc/{pid}/fd")}
            self.assertLessEqual(kinds, {"socket", "pipe", "anon_inode", "/dev/null"})
        for pid in users:
            s = status_of(pid)
            self.assertNotIn("0", s["Uid"].split() + s["Gid"].split())
            self.assertEqual(int(s["CapEff"], 16) | int(s["CapPrm"], 16), 0)
        # The root processes of the service: none has a socket of a connection, or listens and accepts.
        inodes = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
                  if line.split()[3] == "01"}
        for pid in {self.service.pid} | children_of(self.service.pid):
            if status_of(pid)["Uid"].split()[0] != "0":
                continue
            held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
            self.assertFalse({h for h in held if h.startswith("socket:[") and h[8:-1] in inodes}, pid)
        for who, shell in zip((self.ada, self.bob), shells):
            self.assertEqual(self.service.on_shell(who, "Delete", shell).status, 200)

    def test_back_off_hits_the_guesser_only(self):
        with Daemon(self.place, self.place.config()) as service:
            self.guess_much(service, "127.0.0.66")

    def test_correct_passwords_pass_where_others_fail(self):
        with Daemon(self.place, self.place.config()) as service:
            self.assertEqual(service.identify(self.ada).status, 200)
            for number in range(13):
                self.assertEqual(service.identify((f"wt-none-{number}", "wrong-word")).status, 401)
            started = time.monotonic()
            self.assertEqual(service.identify(self.ada).status, 200)
            self.assertEqual(service.identify(self.bob).status, 200)  # never seen there before
            self.assertLess(time.monotonic() - started, 20)

    def test_what_was_not_checked_is_not_called_wrong(self):
        with Daemon(self.place, self.place.config()) as service, concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda _: service.identify((self.ada[0], "wrong-word")).status, range(24)))
            self.assertIn(503, answers)
            self.assertLessEqual(set(answers), {401, 503})
            line = service.wait_log("reason=too_many_failures")
            self.assertIn("result=unavailable ", line)

    def begin_guess(self, service, source, user):
        """A login with a wrong password whose answer is not waited for.  @return the connection"""
        made = socket.create_connection(("127.0.0.1", service.port), PATIENCE, source_address=(source, 0))
        if service.tls:
            made = ssl.create_default_context(cafile=service.ca).wrap_socket(made, server_hostname="127.0.0.1")
        head = (f"POST /wsman HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml;charset=UTF-8\r\n"
                f"Authorization: {service.authorization('guess', user)}\r\nContent-Length: {len(IDENTIFY)}\r\n\r\n")
        made.sendall((head + IDENTIFY).encode())
        return made

    def crowd(self, service, sources, each, keep):
        """Guesses from many addresses, more than there are places, kept open or closed at once."""
        kept = []
        for number in range(sources * each):
            made = self.begin_guess(service, f"127.0.1.{number % sources + 1}", self.ada[0])
            if keep:
                kept.append(made)
            else:
                made.close()
        return kept

    def test_a_crowd_of_guessers_keeps_nobody_else_out(self):
        for keep in (True, False):
            # Without TLS, whose handshakes would make the crowd a slow one.
            with self.subTest(connections="kept open" if keep else "closed"), \
                    Daemon(self.place, self.place.config("allow_unencrypted = true\n", tls=False)) as service:
                self.assertEqual(service.identify(self.ada).status, 200)
                kept = self.crowd(service, 75, 24, keep)
                # One that is known there, and one that never came before.
                said = [service.identify(who).status for who in (self.ada, self.bob) * 4]
                self.assertEqual(said, [200] * 8)
                for made in kept:
                    made.close()

    def guess_much(self, service, guesser):
        connections = []

        def guess(_):
            connections.append(self.begin_guess(service, guesser, self.ada[0]))
            return connections[-1]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for first in pool.map(guess, range(3)):
                self.assertIn(b" 401 ", first.recv(4096))
            list(pool.map(guess, range(60)))
            service.wait_log(rf"peer={guesser} user={self.ada[0]} .*reason=too_many_failures")
            # Neither the account nor others are locked out for anybody else.
            self.assertEqual(service.identify(self.ada).status, 200)
            self.assertEqual(service.identify(self.bob).status, 200)
        for made in connections:
            made.close()


class OneAccount(WithPlace):
    """Each test has a service of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = cls.place.account("a", "-G", cls.place.group)


class Life(OneAccount):
    def refused(self, config, *words):
        got = subprocess.run([self.place.path / "winrmd", "--config", config], stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stdout), (1, ""), got.stderr)
        for word in words:
            self.assertIn(word, got.stderr)
        self.assertNotIn("END PRIVATE", got.stderr)
        check = subprocess.run([self.place.path / "winrmd", "--check", "--config", config], capture_output=True, text=True,
                               timeout=PATIENCE)
        self.assertEqual(check.returncode, 1)
        self.assertTrue(got.stderr.startswith(check.stderr), "--check says something else")
        return got.stderr

    def test_S26_reload_keeps_shells(self):
        config = self.place.config(port=free_port())
        with Daemon(self.place, config) as service:
            connection = service.connection()
            shell = service.open_shell(self.ada, connection)
            front = named(service.pid, "winrmd-front")
            # nothing that concerns connections: the front stays
            config.write_text(config.read_text() + "[limits]\nmax_shells_per_user = 5\n")
            since = service.mark()
            service.process.send_signal(signal.SIGHUP)
            service.wait_log(r" reload .*fronts=kept", since)
            self.assertEqual(named(service.pid, "winrmd-front"), front)
            # something that does: a new front takes over; the old one ends its connection, which is between requests
            config.write_text(config.read_text() + "connection_idle_s = 500\n")
            since = service.mark()
            service.process.send_signal(signal.SIGHUP)
            service.wait_log(r" reload .*fronts=replaced", since)
            service.wait_log(rf" front_drain .*pid={front[0]}\b", since)
            self.assertEqual(connection.sock.recv(1), b"")
            connection.close()
            service.wait_log(rf' front_end .*pid={front[0]} .*status="exit 0"', since)
            new = named(service.pid, "winrmd-front")
            self.assertEqual(len(new), 1)
            self.assertNotEqual(new, front)
            self.assertEqual(service.on_shell(self.ada, "Get", shell).status, 200, "the shell is gone")
            # a bad file changes nothing
            good = config.read_text()
            for bad, words in ((good + "nonsense = 1\n", "unknown key"), ("certificate = [\n", "not TOML")):
                config.write_text(bad)
                since = service.mark()
                service.process.send_signal(signal.SIGHUP)
                self.assertIn(words, service.wait_log(" reload_refused ", since))
            config.write_text(good)
            config.chmod(0o666)
            since = service.mark()
            service.process.send_signal(signal.SIGHUP)
            service.wait_log(" reload_refused ", since)
            config.chmod(0o644)
            key = self.place.path / "key.pem"
            before = key.read_text()
            key.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
            since = service.mark()
            service.process.send_signal(signal.SIGHUP)
            key_line = service.wait_log(" reload_refused ", since)
            key.write_text(before)
            self.assertIn("key", key_line)
            self.assertEqual(named(service.pid, "winrmd-front"), new)
            self.assertEqual(service.on_shell(self.ada, "Get", shell).status, 200)

    def reload(self, service, config, text):
        """@return the number of lines in the log before it"""
        config.write_text(text)
        since = service.mark()
        service.process.send_signal(signal.SIGHUP)
        service.wait_log(" reload ", since)
        return since

    def test_S26_reload_changes_the_log_level_of_what_runs(self):
        config = self.place.config(port=free_port())
        text = config.read_text()
        with Daemon(self.place, config) as service:
            shell = service.open_shell(self.ada)
            user = named(service.pid, "winrmd-user")
            self.reload(service, config, 'log_level = "error"\n' + text)
            silent = service.mark()
            self.assertEqual(service.sh(self.ada, "echo in silence").stdout, b"in silence\n")
            with service.news:
                told = [line for line in service.lines[silent:] if re.search(" winrmd(-user)? (login|command|shell)", line)]
            self.assertEqual(told, [])
            loud = self.reload(service, config, text)
            self.assertEqual(service.sh(self.ada, "echo aloud").stdout, b"aloud\n")
            service.wait_log(" winrmd login ", loud)
            service.wait_log(" winrmd-user command", loud)
            self.assertEqual(named(service.pid, "winrmd-user"), user, "another process serves the account now")
            self.assertEqual(service.on_shell(self.ada, "Get", shell).status, 200)

    def test_S26_reloaded_quotas_hold_as_soon_as_no_shell_stands_in_the_way(self):
        config = self.place.config(port=free_port())
        text = config.read_text()
        create = envelope(TRANSFER + "/Create", CREATE)
        with Daemon(self.place, config) as service:
            who = service.as_user(self.ada)
            self.assertEqual(service.identify(self.ada).status, 200)
            # without a shell the account's process goes at once
            since = self.reload(service, config, text + "[limits]\nmax_shells_per_user = 1\n")
            service.wait_log(' user_process_stop .*reason="settings changed"', since)
            shell = service.open_shell(self.ada)
            self.assertEqual(service.post(create, headers=who).status, 500)
            # with one it stays as it was started, until the shell has gone
            since = self.reload(service, config, text + "[limits]\nmax_shells_per_user = 2\n")
            self.assertEqual(service.post(create, headers=who).status, 500)
            self.assertEqual(service.on_shell(self.ada, "Delete", shell).status, 200)
            service.wait_log(' user_process_stop .*reason="settings changed"', since)
            self.assertEqual([service.post(create, headers=who).status for _ in range(3)], [200, 200, 500])

    def test_S26_files_that_others_can_write_or_read_refuse_to_start(self):
        config = self.place.config()
        config.chmod(0o666)
        self.refused(config, str(config), "chmod")
        config.chmod(0o644)
        key = self.place.path / "key.pem"
        for mode in (0o606, 0o644, 0o660):
            key.chmod(mode)
            self.refused(config, str(key))
        key.chmod(0o600)
        broken = self.place.path / "broken.pem"
        broken.write_text("no key at all")
        broken.chmod(0o600)
        other = self.place.path / "other.toml"
        other.write_text(config.read_text().replace(f"{key}", f"{broken}"))
        self.refused(other, str(broken))

    def test_S4_listener_without_tls(self):
        config = self.place.config(tls=False)
        self.refused(config, "passwords in clear", "allow_unencrypted")
        config = self.place.config("allow_unencrypted = true\n", tls=False)
        with Daemon(self.place, config) as service:
            service.wait_log(r"warning .*unencrypted_allowed")
            self.assertEqual(service.identify(self.ada).status, 200)
            self.assertIn("tls=off", service.wait_log(" login "))

    def test_two_fronts_on_one_port(self):
        with Daemon(self.place, self.place.config("fronts = 2\n")) as service:
            fronts = named(service.pid, "winrmd-front")
            self.assertEqual(len(fronts), 2)
            shell = service.open_shell(self.ada)
            used = set()
            for _ in range(200):  # the kernel spreads connections by their addresses
                connection = service.connection()
                self.assertEqual(service.on_shell(self.ada, "Get", shell, connection).status, 200)
                used |= {p for p in fronts if self.connections(p) > 0}
                connection.close()
                if len(used) == 2:
                    break
            self.assertEqual(used, set(fronts), "one front never got a connection")
            since = service.mark()
            os.kill(fronts[0], signal.SIGKILL)
            service.wait_log(rf' front_end .*pid={fronts[0]} .*status="signal 9"', since)
            service.wait_log(" front_ready ", since)
            self.assertEqual(len(named(service.pid, "winrmd-front")), 2)
            for _ in range(20):
                self.assertEqual(service.on_shell(self.ada, "Get", shell).status, 200)

    @staticmethod
    def connections(pid):
        table = {line.split()[9] for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:] if line.split()[3] == "01"}
        links = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        return sum(link.startswith("socket:[") and link[8:-1] in table for link in links)

    def test_a_killed_front_is_started_again(self):
        with Daemon(self.place, self.place.config()) as service:
            shell = service.open_shell(self.ada)
            front, since = named(service.pid, "winrmd-front"), service.mark()
            os.kill(front[0], signal.SIGKILL)
            service.wait_log(" front_ready ", since)
            self.assertNotEqual(named(service.pid, "winrmd-front"), front)
            self.assertEqual(service.on_shell(self.ada, "Get", shell).status, 200)

    def test_a_killed_user_process_costs_its_shells_only(self):
        with Daemon(self.place, self.place.config()) as service:
            service.open_shell(self.ada)
            user, since = named(service.pid, "winrmd-user"), service.mark()
            os.kill(user[0], signal.SIGKILL)
            service.wait_log(" user_process_end ", since)
            self.assertEqual(service.sh(self.ada, "echo again").stdout, b"again\n")

    def test_end_leaves_nothing(self):
        before = self.front_folders()
        with Daemon(self.place, self.place.config()) as service:
            shell = service.open_shell(self.ada)
            answer = service.post(envelope(SHELL + "/Command", "<sh:CommandLine><sh:Command>setsid sleep 1000 &amp; sleep 1000"
                                           "</sh:Command></sh:CommandLine>", selectors={"ShellId": shell}),
                                  headers=service.as_user(self.ada))
            self.assertEqual(answer.status, 200, answer.text)
            family = children_of(service.pid)
            self.assertTrue(named(service.pid, "winrmd-user"))
            folders = cgroup_folders(service.pid)
            uid = (self.place.path / self.ada[0]).stat().st_uid
            self.assertEqual(service.stop(), 0, service.log)
            self.assertEqual([pid for pid in family if os.path.exists(f"/proc/{pid}")], [])
            left = [p for p in os.listdir("/proc") if p.isdigit() and self.uid_of(p) == uid]
            self.assertEqual(left, [], "processes of the account are left")
            self.assertEqual([f for f in folders if f.exists()], [])
            self.assertNotRegex(service.log, r'(front|user_process)_end .*status="(exit [1-9]|signal)')
        # Fronts of other services (tests may run side by side) have theirs for a moment only.
        self.assertEqual([f for f in self.front_folders() - before if f.exists()], [])

    @staticmethod
    def front_folders():
        return {p for place in ("/tmp", "/run") for p in pathlib.Path(place).iterdir() if re.fullmatch(r"winrmd-\w{6}", p.name)}

    @staticmethod
    def uid_of(pid):
        try:
            return int(status_of(pid)["Uid"].split()[0])
        except OSError:
            return None


class Accounts(OneAccount):
    """What an account may do to its own process, and what its process gets."""

    def test_two_names_of_one_uid_share_nothing(self):
        uid = str((self.place.path / self.ada[0]).stat().st_uid)
        if not os.path.exists("/bin/bash"):
            self.skipTest("SKIPPED: bash is not installed")
        (self.place.path / "rbash").symlink_to("/bin/bash")
        kept = self.place.account("r", "-o", "-u", uid, "-g", self.ada[0], "-G", self.place.group, "-s", self.place.path / "rbash")
        with Daemon(self.place, self.place.config()) as service:
            for _ in range(2):  # in both orders: the other's process runs already
                self.assertEqual(service.sh(self.ada, "cd / && pwd && echo $USER").stdout.split(), [b"/", self.ada[0].encode()])
                got = service.sh(kept, "cd / && pwd")
                self.assertEqual((got.returncode, got.stdout), (1, b""))
                self.assertIn(b"restricted", got.stderr)
            self.assertEqual(len(named(service.pid, "winrmd-user")), 2)

    def test_an_account_that_stops_its_process_keeps_nobody_out(self):
        with Daemon(self.place, self.place.config("[limits]\nmax_parallel_logins = 32\nmax_connections = 100\n")) as service:
            self.assertEqual(service.identify(self.ada).status, 200)
            (user,) = named(service.pid, "winrmd-user")
            os.kill(user, signal.SIGSTOP)  # as its commands can
            descriptors = len(os.listdir(f"/proc/{service.pid}/fd"))
            given_up = f'user_process_stop user={self.ada[0]} .*reason="takes no connections"'
            said, limit = collections.Counter(), time.monotonic() + 3 * PATIENCE
            # On a busy machine many leave before their password has been checked, and count for nothing.
            while not re.search(given_up, service.log) and time.monotonic() < limit:
                with concurrent.futures.ThreadPoolExecutor(16) as pool:
                    said.update(pool.map(lambda _: self.ask_and_leave(service), range(40)))
            service.wait_log(given_up)
            self.assertLessEqual(set(said), {200, 503, None})
            self.assertEqual(service.identify(self.ada).status, 200)
            self.assertNotEqual(named(service.pid, "winrmd-user"), [user])
            self.assertLess(len(os.listdir(f"/proc/{service.pid}/fd")), descriptors + 64)

    def ask_and_leave(self, service):
        """@return the status, None where none came in time: a connection holds a place while it is open."""
        connection = service.connection()
        connection.timeout = 2
        try:
            return service.post(IDENTIFY, headers=service.as_user(self.ada), connection=connection).status
        except (TimeoutError, OSError):
            return None
        finally:
            connection.close()

    def test_what_moves_out_of_its_cgroup_dies_as_well(self):
        escape = r"""
            account=$(sed -n 's,^0::\(.*\)/shell-.*,\1,p' /proc/self/cgroup)
            [ -n "$account" ] || exit 77
            away=$(sed -n 's,^[^/]*/ \([^ ]*\) .* - cgroup2 .*,\1,p' /proc/self/mountinfo | head -n 1)$account/away
            mkdir "$away" || exit 78
            setsid sh -c "echo \$\$ > $away/cgroup.procs && echo moved; exec sleep 1000 > /dev/null 2>&1" &
            read unused"""
        with Daemon(self.place, self.place.config("[limits]\nuser_process_grace_s = 3600\n")) as service:
            client = self.start(service, escape)
            line = client.stdout.readline()
            if not line and client.wait(PATIENCE) == 77:
                self.skipTest("SKIPPED: no cgroup v2 that can be written")
            self.assertEqual(line, b"moved\n")
            (user,) = named(service.pid, "winrmd-user")
            (sleeper,) = [pid for pid in named(user, "sleep") if b"1000" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
            handle = os.pidfd_open(sleeper)
            self.assertTrue(pathlib.Path(f"/proc/{sleeper}/cgroup").read_text().rstrip().endswith("/away"))
            client.stdin.close()  # the command ends
            client.wait(PATIENCE)
            client.stdout.close()
            with os.fdopen(handle, "rb") as ended:
                self.assertTrue(select.select([ended], [], [], PATIENCE)[0], "it goes on without its command")
            folders = cgroup_folders(service.pid)
            self.assertEqual(service.stop(), 0)
            self.assertEqual([f for f in folders if f.exists()], [])

    def test_a_left_over_cgroup_goes_though_its_account_makes_folders_in_it(self):
        with Daemon(self.place, self.place.config()) as service:
            self.assertEqual(service.identify(self.ada).status, 200)
            (user,) = named(service.pid, "winrmd-user")
            folder = next((f for root in cgroup_folders(service.pid) for f in root.glob("user-*")), None)
            if not folder:
                self.skipTest("SKIPPED: no cgroup v2 that can be written")
            uid = folder.stat().st_uid
            # Outside of it, as a login by ssh would be.
            maker = subprocess.Popen(["/bin/sh", "-c", 'echo; n=0; while [ -d "$0" ]; do n=$((n+1)); mkdir "$0/more-$n"; done; exit 0',
                                      folder], user=uid, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            self.assertTrue(maker.stdout.readline())
            os.kill(user, signal.SIGKILL)
            self.assertEqual(maker.wait(PATIENCE), 0, "the folder is still there")
            maker.stdout.close()
            self.assertEqual(service.identify(self.ada).status, 200)

    def test_reload_while_it_stops(self):
        service = Daemon(self.place, self.place.config())
        self.assertEqual(service.identify(self.ada).status, 200)
        (user,) = named(service.pid, "winrmd-user")
        os.kill(user, signal.SIGSTOP)
        since = service.mark()
        service.process.send_signal(signal.SIGTERM)
        service.wait_log(r" stop reason=SIGTERM", since)
        service.process.send_signal(signal.SIGHUP)
        os.kill(user, signal.SIGCONT)
        self.assertEqual(service.stop(), 0, service.log)

    def start(self, service, line):
        return subprocess.Popen(service.args("run", "--", line, user=self.ada[0]), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, env={**os.environ, "WINRM_PASSWORD": self.ada[1]})

    def test_limits_are_the_monitors_own(self):
        ours = [resource.getrlimit(which) for which in (resource.RLIMIT_NOFILE, resource.RLIMIT_CORE)]
        lower = (min(ours[0][1] - 1, 900), ours[0][1]), (ours[1][1], ours[1][1])  # the soft ones, not as the monitor wants them
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, lower[0])
            resource.setrlimit(resource.RLIMIT_CORE, lower[1])
            service = Daemon(self.place, self.place.config())
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, ours[0])
            resource.setrlimit(resource.RLIMIT_CORE, ours[1])
        with service:
            self.assertEqual(resource.prlimit(service.pid, resource.RLIMIT_NOFILE), (ours[0][1], ours[0][1]))
            self.assertEqual(resource.prlimit(service.pid, resource.RLIMIT_CORE)[0], 0)
            if b"__asan_init" in pathlib.Path(WINRMD).read_bytes():
                return  # the sanitizer's own runtime forbids core files in every process of ours
            words = [str(limit) if limit != resource.RLIM_INFINITY else "unlimited" for limit in (lower[0][0], lower[1][0])]
            self.assertEqual(service.sh(self.ada, "ulimit -Sn; ulimit -Sc").stdout.decode().split(), words)

    def test_pam_knows_the_peer_and_its_groups_stay(self):
        groups = pathlib.Path("/etc/security/group.conf")
        modules = pathlib.Path("/usr/lib").glob("*/security/pam_group.so")
        if not groups.exists() or not list(modules):
            self.skipTest("SKIPPED: no pam_group here")
        log, script, extra = self.place.path / "pam.log", self.place.path / "pam.sh", "winrm-more-" + self.place.tag
        script.write_text(f'#!/bin/sh\necho "$PAM_TYPE $PAM_RHOST $PAM_USER" >> {log}\n')
        script.chmod(0o755)
        call("groupadd", extra)
        self.addCleanup(call, "groupdel", extra)
        stack, rules = self.place.pam.read_text(), groups.read_text()
        self.addCleanup(self.place.pam.write_text, stack)
        self.addCleanup(groups.write_text, rules)
        self.place.pam.write_text(stack + f"auth optional pam_group.so\nsession required pam_exec.so {script}\n")
        groups.write_text(rules + f"{self.place.pam.name};*;{self.ada[0]};Al0000-2400;{extra}\n")
        with Daemon(self.place, self.place.config()) as service:
            service.source = "127.0.0.7"
            self.assertEqual(service.identify(self.ada).status, 200)
            got = service.sh(self.ada, "id -Gn").stdout.decode().split()
            self.assertEqual(set(got), {self.ada[0], self.place.group, extra})
        self.assertEqual(log.read_text().splitlines(),
                         [f"{what} 127.0.0.7 {self.ada[0]}" for what in ("open_session", "close_session")])


class UserFile(WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ada = (cls.place.account("a")[0], "of the file, not of PAM")
        cls.root = ("root", "a password for this test")
        cls.users = cls.place.path / "users"
        cls.users.write_text("".join(cls.line(*who) for who in (cls.ada, cls.root, ("wt-no-such-account", "word"))))
        cls.users.chmod(0o600)

    @classmethod
    def line(cls, user, password):
        return subprocess.run([cls.place.path / "winrmd", "passwd", user], input=password + "\n", text=True, check=True,
                              capture_output=True, timeout=PATIENCE).stdout

    def config(self, more=""):
        return self.place.config(f'user_file = "{self.users}"\nallow_groups = ["{self.ada[0]}", "root"]\npam_service = '
                                 f'"{self.place.pam.name}"\n{more}', pam=False)

    def test_passwords_of_the_file(self):
        with Daemon(self.place, self.config()) as service:
            self.assertEqual(service.sh(self.ada, "id -un").stdout.decode().strip(), self.ada[0])
            self.assertEqual(service.identify((self.ada[0], "wrong")).status, 401)
            self.assertEqual(service.identify(("wt-no-such-account", "word")).status, 401)
            service.wait_log("user=wt-no-such-account .*reason=no_such_account")
            self.assertEqual(service.identify(("wt-nobody", "word")).status, 401)
            self.assertNotIn(self.ada[1], service.log)

    def test_the_accounts_rules_hold_as_well(self):
        with Daemon(self.place, self.config()) as service:
            call("usermod", "-e", "1970-01-02", self.ada[0])
            self.addCleanup(call, "usermod", "-e", "", self.ada[0])
            self.assertEqual(service.identify(self.ada).status, 401)
            service.wait_log(f"user={self.ada[0]} .*reason=account_refused")
            call("usermod", "-e", "", self.ada[0])
            self.assertEqual(service.identify(self.ada).status, 200)

    def test_S2_root_only_where_permitted(self):
        with Daemon(self.place, self.config()) as service:
            self.assertEqual(service.identify(self.root).status, 401)
            service.wait_log(" login .*user=root .*reason=root_not_permitted")
            self.assertEqual(named(service.pid, "winrmd-user"), [])
        with Daemon(self.place, self.config("permit_root = true\n")) as service:
            self.assertEqual(service.sh(self.root, "id -u").stdout, b"0\n")

    def test_a_user_file_that_goes_bad_is_named_in_the_log(self):
        good = self.users.read_text()
        with Daemon(self.place, self.config()) as service:
            try:
                self.users.chmod(0o644)
                self.assertEqual(service.identify(self.ada).status, 503)
                line = service.wait_log(" login .*result=unavailable .*reason=user_file_unusable")
                self.assertIn(f"user={self.ada[0]} ", line)
                self.assertIn(f"{self.users}: can be read by others", service.wait_log(" user_file "))
                self.users.chmod(0o600)
                self.users.write_text(f"{self.ada[0]}:$y$j9T$abc\n")
                since = service.mark()
                self.assertEqual(service.identify(self.ada).status, 401)
                self.assertIn(f"{self.users}:1: ", service.wait_log(" user_file ", since))
                since = service.mark()
                service.process.send_signal(signal.SIGHUP)
                self.assertIn(f"{self.users}:1", service.wait_log(" reload_refused ", since))
            finally:
                self.users.write_text(good)
                self.users.chmod(0o600)
            self.assertEqual(service.identify(self.ada).status, 200)

    def test_a_user_file_that_others_can_read_refuses_to_start(self):
        self.users.chmod(0o640)
        try:
            got = subprocess.run([self.place.path / "winrmd", "--config", self.config()], capture_output=True, text=True,
                                 timeout=PATIENCE)
        finally:
            self.users.chmod(0o600)
        self.assertEqual(got.returncode, 1)
        self.assertIn(str(self.users), got.stderr)


class TestService(unittest.TestCase):
    """As whoever runs the tests."""

    def test_killed_monitor_leaves_nothing_that_the_next_start_does_not_clean(self):
        with tempfile.TemporaryDirectory(prefix="winrmd-tmp-") as folder:
            env = {"TMPDIR": folder}
            other = Service(env=env)
            first = Service(env=env)
            self.assertEqual(pathlib.Path(first.ca).parent.parent, pathlib.Path(folder))
            running = subprocess.Popen(first.args("run", "--cwd", "/", "--", "echo started; exec sleep 1000"), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       env={**os.environ, "WINRM_PASSWORD": first.password})
            self.assertEqual(running.stdout.readline(), b"started\n")
            family = children_of(first.pid)
            handles = [os.pidfd_open(pid) for pid in family]
            groups = cgroup_folders(first.pid)
            os.kill(first.pid, signal.SIGKILL)
            first.process.wait(PATIENCE)
            self.assertNotEqual(running.wait(PATIENCE), 0)
            running.stdout.close()
            for handle in handles:  # each gets readable when its process has ended
                with os.fdopen(handle, "rb") as ended:
                    self.assertTrue(select.select([ended], [], [], PATIENCE)[0], "a process goes on without its monitor")
            self.assertTrue(os.path.exists(first.ca))
            first.stop()
            with Service(env=env) as second:
                self.assertFalse(os.path.exists(os.path.dirname(first.ca)), "the dead service's folder is still there")
                self.assertEqual([g for g in groups if g.exists()], [])
                self.assertTrue(os.path.exists(other.ca), "a living service's folder was removed")
                self.assertEqual(second.run("echo ok", "--cwd", "/").stdout, b"ok\n")
                self.assertEqual(other.run("echo ok", "--cwd", "/").stdout, b"ok\n")
            other.stop()
            self.assertEqual(os.listdir(folder), [])

    def start(self, text, *options):
        file = self.folder / "limits.toml"
        file.write_text(text)
        file.chmod(0o600)
        return Service("--config", str(file), *options)

    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="winrmd-tmp-")
        self.addCleanup(made.cleanup)
        self.folder = pathlib.Path(made.name)

    def test_limits_from_a_file(self):
        with self.start('log_level = "error"\n[limits]\nmax_shells_per_user = 1\n') as service:
            create = envelope(TRANSFER + "/Create", CREATE)
            self.assertEqual([service.post(create).status for _ in range(2)], [200, 500])
            self.assertNotIn(" info ", service.log)
        with Service() as service:
            self.assertEqual([service.post(create).status for _ in range(2)], [200, 200])

    def test_standard_input_that_is_at_its_end_is_told(self):
        with open(os.devnull) as nothing:
            got = subprocess.run([WINRMD, "--test-server"], stdin=nothing, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual((got.returncode, got.stdout), (1, ""), got.stderr)
        told = [line for line in got.stderr.splitlines() if line.startswith("winrmd: standard input ")]
        self.assertEqual(len(told), 1, got.stderr)
        self.assertIn("keep it open", told[0])
        with Service() as service:  # once it has served it simply ends
            service.stop()
            self.assertEqual(service.process.returncode, 0)
            self.assertRegex(service.log, " stop reason=standard_input_ended")

    def test_nothing_else_from_a_file(self):
        for text in ("permit_root = true\nfronts = 2\n", '[[listen]]\nport = 1\n', 'user_file = "/x"\n'):
            with self.assertRaisesRegex(AssertionError, r"--test-server takes \[limits\], \[powershell\] and log_level") as caught:
                self.start(text)
            self.assertEqual(len(str(caught.exception).partition(": ")[2].strip().splitlines()), 1)
        with self.assertRaisesRegex(AssertionError, "must be a whole number"):
            self.start("[limits]\nmax_shells_per_user = 0\n")

    def test_ready_means_sandboxed_and_serving(self):
        with self.start("") as service:
            fronts = named(service.pid, "winrmd-front")
            self.assertEqual([status_of(p)["Seccomp"] for p in fronts], ["2"])
            self.assertEqual(service.post(IDENTIFY).status, 200)
            log = service.log
            self.assertLess(log.index(" sandbox "), log.index(" ready"))

    def test_a_front_that_cannot_start_is_an_error(self):
        self.cannot_start("winrmd-front", b"front_end")

    def test_a_token_process_that_cannot_start_is_an_error(self):
        self.cannot_start("winrmd-token", b"token_end")

    def cannot_start(self, bad, event):
        for name in ("winrmd", "winrmd-front", "winrmd-token", "winrmd-user"):
            shutil.copy(pathlib.Path(WINRMD).parent / name, self.folder / name)
        (self.folder / bad).write_text("#!/bin/sh\nexit 1\n")
        (self.folder / bad).chmod(0o755)
        with subprocess.Popen([self.folder / "winrmd", "--test-server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as process:
            self.assertEqual(process.wait(PATIENCE), 1)
            self.assertEqual(process.stdout.read(), b"")
            self.assertIn(event, process.stderr.read())


if __name__ == "__main__":
    main()
