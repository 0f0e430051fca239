"""Sealing by our own code, against TLS's cipher and against the libraries of Debian's that seal the same messages: MIT's
gss_wrap_iov with the keys of a throw-away KDC, gss-ntlmssp's gss_wrap. One core, in place, processor time, messages of
500 000 bytes. Prints a Markdown table; a library that is missing leaves its columns empty."""
import argparse
import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "test" / "support"))
parser = argparse.ArgumentParser()
parser.add_argument("--bin", required=True, help="build folder with bench/")
options = parser.parse_args()
os.environ["WINRM_BIN"] = options.bin + "/tools"
import gss  # noqa: E402
import kdc  # noqa: E402

SIZE = 500_000
CIPHERS = {"TLS": "TLS 1.3, AES-256-GCM", "NTLM": "NTLM (RC4)", "17": "Kerberos, AES-128, SHA-1", "18": "Kerberos, AES-256, SHA-1",
           "19": "Kerberos, AES-128, SHA-256", "20": "Kerberos, AES-256, SHA-384", "23": "Kerberos, RC4"}


def ours():
    """{"seal/NTLM": MB/s …}"""
    text = subprocess.run([options.bin + "/bench/bench_seal", "--benchmark_format=json", "--benchmark_min_time=0.2",
                           f"--benchmark_filter=/{SIZE}$"], check=True, capture_output=True).stdout
    return {row["name"].rsplit("/", 1)[0]: row["bytes_per_second"] / 1e6 for row in json.loads(text)["benchmarks"]}


def theirs():
    """{cipher: (our seal, theirs, our open, theirs)} in MB/s, all four of one process."""
    found = {}

    def ask(cipher, program, env, *args):
        path = f"{options.bin}/bench/{program}"
        got = subprocess.run([path, "bench", *args], env=env, capture_output=True, text=True, timeout=600)
        if got.returncode:
            raise SystemExit(f"bench: {program}: {got.stderr}")
        found[cipher] = tuple(map(float, got.stdout.split()))

    if os.path.exists(options.bin + "/bench/ntlm_peer") and gss.PLUGIN:
        with gss.NtlmAccounts() as accounts:
            ask("NTLM", "ntlm_peer", accounts.env)
    if os.path.exists(options.bin + "/bench/krb5_seal_peer") and not kdc.missing():
        realm = kdc.Realm()
        try:
            for cipher in CIPHERS:
                if cipher.isdigit():
                    ask(cipher, "krb5_seal_peer", realm.env, cipher)
        finally:
            realm.stop()
    return found


def main():
    own, other = ours(), theirs()
    tls = own["seal/TLS"], own["open/TLS"]
    print("\n| Sealing, 500 KB, one core | Seal, MB/s | Open, MB/s | of TLS's cipher | Library of Debian's, MB/s | Times as fast |")
    print("|---|---|---|---|---|---|")
    for cipher, name in CIPHERS.items():
        seal, opened = own["seal/" + cipher], own["open/" + cipher]
        row = [name, f"{seal:.0f}", f"{opened:.0f}", f"{seal / tls[0]:.2f}, {opened / tls[1]:.2f}", "", ""]
        if cipher in other:
            our_seal, their_seal, our_open, their_open = other[cipher]
            row[4:] = [f"{their_seal:.0f}, {their_open:.0f}", f"{our_seal / their_seal:.1f}, {our_open / their_open:.1f}"]
        print("| " + " | ".join(row) + " |")


main()
