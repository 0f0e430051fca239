"""winrmd-user among processes of its own account: what a restricting login shell, the PAM session, the limit of open files
and other processes of the same uid mean to it. As root, else skipped."""
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from systemtest import call, Daemon, named, WithPlace  # noqa: E402
from winrmtest import SHELL, TRANSFER, envelope, fault_code, main  # noqa: E402

UNIX = "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n"
MODULES = [pathlib.Path(p) for p in ("/lib/x86_64-linux-gnu/security", "/lib/aarch64-linux-gnu/security", "/lib64/security",
                                     "/usr/lib64/security", "/usr/lib/security", "/lib/security")]


def need_modules(*names):
    for name in names:
        if not any((place / name).exists() for place in MODULES):
            raise unittest.SkipTest(f"SKIPPED: {name} is not installed")


class UserProcess(WithPlace):
    session = ""  # lines of the PAM service

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.place.pam.write_text(UNIX + cls.session.format(place=cls.place.path))
        cls.ada = cls.place.account("a", "-G", cls.place.group)
        cls.prepare()
        cls.service = Daemon(cls.place, cls.place.config())
        cls.addClassCleanup(cls.service.stop)

    @classmethod
    def prepare(cls):
        pass

    def command(self, account, shell, *words, direct=False):
        """@return the answer to the Command; the first word may have to be run without a shell"""
        arguments = "".join(f"<sh:Arguments>{word}</sh:Arguments>" for word in words[1:])
        body = f"<sh:CommandLine><sh:Command>{words[0]}</sh:Command>{arguments}</sh:CommandLine>"
        return self.service.post(envelope(SHELL + "/Command", body, selectors={"ShellId": shell},
                                          options={"WINRS_SKIP_CMD_SHELL": "TRUE" if direct else "FALSE"}),
                                 headers=self.service.as_user(account))


class Plain(UserProcess):
    @classmethod
    def prepare(cls):
        cls.nobody = cls.place.account("n", "-G", cls.place.group)
        cls.bound = cls.place.account("r", "-G", cls.place.group)
        cls.own = cls.place.account("s", "-G", cls.place.group)
        (cls.place.path / "odd-sh").symlink_to("/bin/sh")
        for account, shell in ((cls.nobody, "/usr/sbin/nologin"), (cls.bound, "/bin/rbash"),
                               (cls.own, str(cls.place.path / "odd-sh"))):
            if not pathlib.Path(shell).exists():
                raise unittest.SkipTest(f"SKIPPED: {shell} is not installed")
            call("usermod", "-s", shell, account[0])

    def test_a_listed_shell_may_be_skipped(self):
        got = self.service.winrm("run", "--skip-cmd-shell", "--", "/usr/bin/id", "-un", user=self.ada[0], password=self.ada[1])
        self.assertEqual((got.returncode, got.stdout), (0, self.ada[0].encode() + b"\n"), got.stderr)

    def test_a_restricting_or_unlisted_shell_may_not(self):
        for account in (self.nobody, self.bound, self.own):
            shell = self.service.open_shell(account)
            proof = self.place.path / account[0] / "proof"
            answer = self.command(account, shell, "/usr/bin/touch", str(proof), direct=True)
            self.assertEqual((answer.status, fault_code(answer.text)), (500, 5), account)
            self.assertFalse(proof.exists())
            self.assertEqual(self.service.on_shell(account, "Delete", shell).status, 200)

    def test_what_is_not_skipped_decides_itself(self):
        got = self.service.sh(self.nobody, "id -un")
        self.assertNotEqual(got.returncode, 0)
        self.assertIn(b"not available", got.stdout + got.stderr)
        got = self.service.sh(self.bound, "cd /; /usr/bin/id -un; echo $?")
        self.assertIn(b"restricted", got.stderr)
        self.assertNotIn(self.bound[0].encode(), got.stdout)
        self.assertEqual(self.service.sh(self.own, "id -un").stdout, self.own[0].encode() + b"\n")

    def test_no_variable_of_the_client_turns_a_restricting_shell(self):
        home = self.place.path / self.bound[0]
        (home / "turn").write_text(f"/usr/bin/touch {home}/proof\n")
        for name, value in (("BASH_ENV", home / "turn"), ("PATH", "/usr/sbin")):
            got = self.service.winrm("run", "--env", f"{name}={value}", "--", "echo hi", user=self.bound[0], password=self.bound[1])
            self.assertNotEqual(got.returncode, 0)
            self.assertEqual(got.stdout, b"")
        self.assertFalse((home / "proof").exists())
        got = self.service.winrm("run", "--env", "LC_ALL=C", "--", "echo $LC_ALL", user=self.bound[0], password=self.bound[1])
        self.assertEqual(got.stdout, b"C\n", got.stderr)

    def test_commands_cannot_write_to_the_log(self):
        forge = "2026-01-01T00:00:00.000Z warning winrmd login user=root peer=192.0.2.1 result=denied"
        take = ("import ctypes, os, sys; c = ctypes.CDLL(None, use_errno=True); p = c.syscall(434, int(sys.argv[1]), 0); "
                "f = c.syscall(438, p, 2, 0); print('pidfd', p >= 0, f, os.strerror(ctypes.get_errno())); "
                f"f >= 0 and os.write(f, b'{forge}\\n')")
        script = (f"ls /proc/$PPID/fd; cat /proc/$PPID/environ; echo '{forge}' > /proc/$PPID/fd/2; cat /proc/$PPID/comm; "
                  f'python3 -c "{take}" $PPID; stat -c %U /proc/self/environ; cat /proc/self/environ | tr "\\0" "\\n" | grep ^HOME=')
        got = self.service.sh(self.ada, script)
        lines = got.stdout.decode().splitlines()
        self.assertEqual(lines, ["winrmd-user", "pidfd True -1 Operation not permitted", self.ada[0],
                                 f"HOME={self.place.path / self.ada[0]}"], got.stderr)
        self.assertEqual(len(re.findall(rb"[Pp]ermission denied", got.stderr)), 3, got.stderr)
        self.service.identify(self.ada)
        self.assertNotIn("192.0.2.1", self.service.log)


class Session(UserProcess):
    session = "session required pam_umask.so umask=077\nsession required pam_env.so readenv=0 conffile={place}/env.conf\n"

    @classmethod
    def prepare(cls):
        need_modules("pam_umask.so", "pam_env.so")
        conf = cls.place.path / "env.conf"
        conf.write_text("KRB5CCNAME DEFAULT=FILE:/tmp/krb5cc_test\nPATH DEFAULT=/opt/test/bin:/usr/bin:/bin\n"
                        "GCONV_PATH DEFAULT=/tmp\nLD_LIBRARY_PATH DEFAULT=/tmp\nGLIBC_TUNABLES DEFAULT=x\n")
        conf.chmod(0o644)

    def test_umask_and_variables_of_the_session_reach_commands(self):
        got = self.service.sh(self.ada, "umask; echo hi > made; stat -c %a made; echo $KRB5CCNAME; echo $PATH; "
                                        "env | grep -E '^(GCONV|LD_|GLIBC|WINRM_PAM)'; echo end")
        self.assertEqual(got.stdout.decode().splitlines(), ["0077", "600", "FILE:/tmp/krb5cc_test", "/opt/test/bin:/usr/bin:/bin", "end"],
                         got.stderr)

    def test_they_mean_nothing_to_the_process_that_starts_commands(self):
        shell = self.service.open_shell(self.ada)
        pid, = named(self.service.pid, "winrmd-user")
        names = {e.partition("=")[0] for e in pathlib.Path(f"/proc/{pid}/environ").read_text().split("\0")}
        self.assertIn("WINRM_PAM_GCONV_PATH", names)
        self.assertFalse(names & {"GCONV_PATH", "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "KRB5CCNAME"})
        self.assertEqual(self.service.on_shell(self.ada, "Delete", shell).status, 200)


class FewDescriptors(UserProcess):
    session = "session required pam_limits.so conf={place}/limits.conf\n"

    @classmethod
    def prepare(cls):
        need_modules("pam_limits.so")
        (cls.place.path / "limits.conf").write_text("* soft nofile 60\n* hard nofile 100\n")

    def test_commands_that_use_up_all_cost_nobody_a_shell(self):
        shells = [self.service.open_shell(self.ada) for _ in range(3)]
        answers = [self.command(self.ada, shell, "exec sleep 1000") for shell in shells for _ in range(14)]
        refused = [a for a in answers if a.status != 200]
        self.assertGreater(len(answers) - len(refused), 15)  # more than the soft limit has room for
        self.assertGreater(len(refused), 5)
        self.assertEqual({fault_code(a.text) for a in refused}, {fault_code(refused[0].text)})
        self.assertIsNotNone(fault_code(refused[0].text))
        connections = [self.service.connection() for _ in range(12)]
        for connection in connections:  # each holds a descriptor there
            self.assertEqual(self.service.on_shell(self.ada, "Get", shells[0], connection).status, 200)
        for shell in shells:
            self.assertEqual(self.service.on_shell(self.ada, "Delete", shell).status, 200)
        for connection in connections:
            connection.close()
        got = self.service.sh(self.ada, "ulimit -Sn; ulimit -Hn")
        self.assertEqual(got.stdout.split(), [b"60", b"100"])

    def test_connections_that_use_up_all_are_refused_and_nothing_else(self):
        keeper = self.service.connection()
        shell = self.service.open_shell(self.ada, keeper)
        connections, states = [], []
        for _ in range(110):
            connections.append(self.service.connection())
            try:
                states.append(self.service.on_shell(self.ada, "Get", shell, connections[-1]).status)
            except (OSError, EOFError) as problem:
                states.append(type(problem).__name__)
        self.assertNotEqual(states[-1], 200)
        self.assertGreater(states.count(200), 50)
        self.service.wait_log(" error winrmd-user connection_lost .*reason=no_descriptors")
        self.assertEqual(self.service.on_shell(self.ada, "Get", shell, keeper).status, 200, "the shell is gone")
        for connection in connections:
            connection.close()
        self.assertEqual(self.service.on_shell(self.ada, "Delete", shell, keeper).status, 200)
        keeper.close()


if __name__ == "__main__":
    main()
