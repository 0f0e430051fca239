// Many clients of one host name on one loop, a command each, some of them at a time, and all connections kept:
// bench_clients URL USER COUNT AT_ONCE, password in WINRM_PASSWORD, authorities as the system has them. Prints
//   wall ms | CPU ms for a client | the same for one client after the other, when all is warm | peak memory in KiB
//   | most threads | connections open at the end | descriptors beside them | KiB for each kept connection
#include "measure.h"

#include <winrm/client.h>

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <functional>
#include <iostream>

namespace {

using bench::cpu_ms;
using bench::resident_kib;

long peak_kib()
{
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

long threads()
{
    const std::filesystem::directory_iterator all("/proc/self/task");
    return std::distance(begin(all), end(all));
}

struct descriptors
{
    long connections = 0, others = 0;
};

/// Standard input, output and error and the folder that is read do not count.
descriptors count_descriptors()
{
    descriptors seen;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        std::error_code gone;
        const auto what = std::filesystem::read_symlink(entry.path(), gone).string();
        if (what.starts_with("socket:")) ++seen.connections;
        else ++seen.others;
    }
    seen.others -= 4;
    return seen;
}

} // namespace

int main(int argc, char** argv)
{
    const char* password = std::getenv("WINRM_PASSWORD");
    if (argc != 5 || password == nullptr) {
        std::fputs("usage: WINRM_PASSWORD=… bench_clients URL USER COUNT AT_ONCE\n", stderr);
        return 2;
    }
    const auto host = winrm::target::parse(argv[1]).value();
    const winrm::credentials login{argv[2], password};
    winrm::client_options settings;
    settings.scheme = winrm::login_scheme::basic;
    const int count = std::atoi(argv[3]), at_once = std::atoi(argv[4]);
    winrm::run_options command;
    command.no_profile = true;
    command.timeout = std::chrono::minutes(10);
    long most_threads = 1;
    int ended = 0;
    const auto done = [&](const winrm::result<winrm::run_output>& got) {
        if (!got || got->exit_code != 0) {
            if (!got) std::cerr << got.error() << '\n';
            std::exit(1);
        }
        if (++ended % 50 == 1) most_threads = std::max(most_threads, threads());
    };

    winrm::event_loop loop;
    {
        winrm::client first(host, login, settings);
        first.async_run(loop, "true", command, done);
        loop.run();
    }
    const long resident = resident_kib();

    std::deque<winrm::client> clients;
    double cpu = cpu_ms();
    const auto begin = std::chrono::steady_clock::now();
    std::function<void()> start = [&] {
        if (clients.size() == static_cast<std::size_t>(count)) return;
        clients.emplace_back(host, login, settings).async_run(loop, "true", command, [&](const auto& got) {
            done(got);
            start();
        });
    };
    for (int i = 0; i < at_once; ++i) start();
    most_threads = std::max(most_threads, threads());
    loop.run();
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    const double all_at_once = (cpu_ms() - cpu) / count;
    const auto open = count_descriptors();
    const double kept = static_cast<double>(resident_kib() - resident) / count;

    constexpr int turns = 50;
    cpu = cpu_ms();
    for (int i = 0; i < turns; ++i) {
        winrm::client one(host, login, settings);
        one.async_run(loop, "true", command, done);
        loop.run();
    }
    const double one_by_one = (cpu_ms() - cpu) / turns;
    std::printf("%.1f %.3f %.3f %ld %ld %ld %ld %.1f\n", wall.count(), all_at_once, one_by_one, peak_kib(),
                most_threads, open.connections, open.others, kept);
}
