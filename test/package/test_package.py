"""test_package.py BUILD COMPILER FLAGS: installs into a fresh prefix, builds a program with find_package(openwinrm), runs it, and again with pkg-config;
compiles every public header alone."""
import pathlib
import subprocess
import sys
import tempfile

build, compiler, flags = sys.argv[1:4]
here = pathlib.Path(__file__).resolve().parent


def run(*args):
    got = subprocess.run([str(a) for a in args], capture_output=True, text=True)
    if got.returncode:
        sys.exit(f"{' '.join(map(str, args))}\n{got.stdout}{got.stderr}")
    return got.stdout


with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    prefix = folder / "prefix"
    run("cmake", "--install", build, "--prefix", prefix)
    for program in ("bin/winrm", "sbin/winrmd"):
        if not (prefix / program).exists():
            sys.exit(f"{program} was not installed")
    for header in sorted((prefix / "include" / "winrm").glob("*.h")):
        run(compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I", prefix / "include", "-include", header, "-x", "c++", "/dev/null")
    run("cmake", "-S", here / "consumer", "-B", folder / "b", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={compiler}", f"-DCMAKE_CXX_FLAGS={flags}")
    run("cmake", "--build", folder / "b")
    print(run(folder / "b" / "consumer").strip())
    pc = next(prefix.rglob("openwinrm.pc")).parent
    words = run("env", f"PKG_CONFIG_PATH={pc}", "pkg-config", "--static", "--cflags", "--libs", "openwinrm").split()
    if str(prefix) not in " ".join(words):
        sys.exit(f"openwinrm.pc does not follow its prefix: {words}")
    run(compiler, "-std=c++20", *flags.split(), here / "consumer" / "main.cpp", "-o", folder / "consumer", *words)
    print(run(folder / "consumer").strip())
print("package: 1 passed, 0 failed")
