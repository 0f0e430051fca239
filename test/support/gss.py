"""gss-ntlmssp for programs that try our NTLM against it: a folder with its accounts, no file of the system's is read."""
import os
import pathlib
import tempfile

PLUGIN = next((str(p) for p in pathlib.Path("/usr/lib").glob("*/gssntlmssp/gssntlmssp.so")), None)


class NtlmAccounts:
    """`env`: environment in which MIT's library has NTLM, and CORP\\ada the password Pa55wörd."""

    def __init__(self, account="CORP:ada:Pa55wörd"):
        self.account = account

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="winrm-ntlm-")
        here = pathlib.Path(self.folder.name)
        (here / "mech").write_text(f"gssntlmssp_v1 1.3.6.1.4.1.311.2.2.10 {PLUGIN}\n")
        (here / "users").write_text(self.account + "\n", encoding="utf-8")
        (here / "krb5.conf").write_text("[libdefaults]\n default_realm = NOWHERE.TEST\n dns_lookup_kdc = false\n")
        self.env = {**os.environ, "GSS_MECH_CONFIG": str(here / "mech"), "NTLM_USER_FILE": str(here / "users"),
                    "KRB5_CONFIG": str(here / "krb5.conf"), "KRB5CCNAME": f"FILE:{here}/none", "LC_ALL": "C.UTF-8",
                    "ASAN_OPTIONS": "detect_leaks=0"}  # gss-ntlmssp keeps an OpenSSL context for each login
        return self

    def __exit__(self, *_):
        self.folder.cleanup()
