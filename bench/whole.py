"""Whole processes, measured in turn."""
import os
import statistics
import subprocess


def measure(folder, args, env=None):
    """@param folder  the build. @return wall ms, client CPU ms, peak RSS MiB of one whole process."""
    got = subprocess.run([folder + "/bench/bench_spawn", *args], stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    if got.returncode:
        raise SystemExit(f"bench: {args[0]} ended with {got.returncode}")
    wall, cpu, rss = map(float, got.stdout.split())
    return wall, cpu, rss / 1024


def rounds(folder, commands, runs):
    """Median of (wall, cpu, rss) for each, taken in turn."""
    seen = {name: [] for name in commands}
    for n in range(runs + 1):
        for name, (args, env) in commands.items():
            got = measure(folder, args, env)
            if n:  # the first round warms up
                seen[name].append(got)
    return {name: [statistics.median(c) for c in zip(*rows)] for name, rows in seen.items()}
