"""Passwords do not stay in the memory of the service's processes (item 4). As root, else skipped: only root may look."""
import array
import base64
import itertools
import os
import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from winrmtest import IDENTIFY, Service, children_of, main  # noqa: E402
import systemtest as system  # noqa: E402
import test_tokens as tokens  # noqa: E402
from unittest import TestCase  # noqa: E402

PIECE = 12  # bytes; of a longer piece that stands somewhere, one of ours is a part


def forms(password):
    """Pieces of the password, and of its base64 wherever in a group of three it may begin."""
    text = password.encode()
    whole = [text] + [base64.b64encode(b"\0" * i + text)[4 if i else 0:-4] for i in range(3)]
    return {w[i:i + PIECE] for w in whole for i in range(0, len(w) - PIECE + 1, 5)}


def writable_memory(pid):
    """@return (name, bytes) of every run of pages that are there, in memory or swapped out"""
    page = os.sysconf("SC_PAGE_SIZE")
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, \
            open(f"/proc/{pid}/pagemap", "rb", buffering=0) as pagemap:
        for line in maps:
            span, rights, *_ = line.split()
            begin, end = (int(x, 16) for x in span.split("-"))
            if "w" not in rights or end - begin > 1 << 32:  # a sanitizer's shadow holds no bytes of ours
                continue
            pagemap.seek(begin // page * 8)
            there = array.array("Q", pagemap.read((end - begin) // page * 8))
            at = 0
            for present, run in itertools.groupby(there, lambda entry: entry >> 62 != 0):
                count = sum(1 for _ in run)
                if present:
                    try:
                        memory.seek(begin + at * page)
                        yield line.split()[-1], memory.read(count * page)
                    except OSError:  # gone since, or the kernel's own
                        pass
                at += count


def finds(pid, password):
    wanted = forms(password)
    return [(name, data.count(w)) for name, data in writable_memory(pid) for w in wanted if w in data]


class Memory(system.WithPlace):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        name, _ = cls.place.account("m", "-G", cls.place.group)
        cls.ada = name, secrets.token_urlsafe(30)
        system.call("chpasswd", text=f"{name}:{cls.ada[1]}\n")

    def look(self, service, password, when):
        service.post(IDENTIFY, login=False, path="/wsman-anon/identify")  # what came before is done
        processes = {service.pid, *children_of(service.pid)}
        names = {pid: pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in processes}
        for name in ("winrmd", "winrmd-front"):
            self.assertIn(name, names.values())
        for pid, name in names.items():
            self.assertEqual(finds(pid, password), [], f"{when}: {name}")

    def logins(self, service):
        self.assertNotEqual(finds(os.getpid(), self.ada[1]), [], "this test finds nothing where there is something")
        kept = service.connection()
        self.assertEqual(service.post(IDENTIFY, headers=service.as_user(self.ada), connection=kept).status, 200)
        self.look(service, self.ada[1], "answered, connection open")
        kept.close()
        self.look(service, self.ada[1], "accepted, connection closed")
        for body in (IDENTIFY, IDENTIFY + " " * 100_000):
            self.assertEqual(service.post(body, headers=service.as_user(self.ada)).status, 200)
        self.look(service, self.ada[1], "a large request")
        wrong = secrets.token_urlsafe(30)
        self.assertEqual(service.post(IDENTIFY, headers=service.as_user((self.ada[0], wrong))).status, 401)
        self.look(service, wrong, "refused, connection closed")
        cut = secrets.token_urlsafe(30)
        service.cut_within_a_head(service.as_user((self.ada[0], cut))["Authorization"])
        self.look(service, cut, "a head that never came whole")

    def test_item_4_no_password_stays_in_memory(self):
        with Daemon(self.place, self.place.config()) as service:
            self.logins(service)

    def test_item_4_nor_does_it_without_tls(self):
        with Daemon(self.place, self.place.config("allow_unencrypted = true", tls=False)) as service:
            self.logins(service)


def traces(pid, key):
    pieces = {key[i:i + PIECE] for i in range(0, len(key) - PIECE + 1)}
    return [(name, data.count(p)) for name, data in writable_memory(pid) for p in pieces if p in data]


class Keys(TestCase):
    """Issue 10: the keys of a login by tokens are in the front alone, while its connection lasts; the client has chosen this one."""

    def test_session_keys_stay_where_they_seal(self):
        system.need_root()
        with Service() as service, tokens.Client(service) as client:
            self.assertEqual(client.log_in(), 200)
            self.assertEqual(client.sealed()[0], 200)
            session, sides = client.ntlm.session, (client.ntlm.out.sign, client.ntlm.back.sign)
            self.assertNotEqual(traces(os.getpid(), session), [], "this test finds nothing where there is something")
            service.post(IDENTIFY, login=False, path="/wsman-anon/identify")  # what came before is done
            named = {pid: pathlib.Path(f"/proc/{pid}/comm").read_text().strip() for pid in children_of(service.pid) | {service.pid}}
            self.assertLessEqual({"winrmd", "winrmd-front", "winrmd-token"}, set(named.values()))
            for pid, name in named.items():
                for key in (session, *sides) if name != "winrmd-front" else ():
                    self.assertEqual(traces(pid, key), [], name)
            client.close()
            service.post(IDENTIFY, login=False, path="/wsman-anon/identify")
            for pid, name in named.items():
                for key in (session, *sides) if os.path.exists(f"/proc/{pid}") else ():
                    self.assertEqual(traces(pid, key), [], f"{name}, after the connection")


class Daemon(system.Daemon):
    def cut_within_a_head(self, authorization):
        connection = self.connection()
        connection.connect()
        connection.sock.sendall(f"POST /wsman HTTP/1.1\r\nHost: h\r\nAuthorization: {authorization}\r\nX-".encode())
        self.post(IDENTIFY, login=False, path="/wsman-anon/identify")
        connection.close()


if __name__ == "__main__":
    main()
