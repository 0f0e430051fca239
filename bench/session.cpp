// CPU and wall milliseconds of one command in an open shell, its HTTP requests, and the KiB that
// resident memory grew by meanwhile: bench_session URL USER CA COUNT, password in WINRM_PASSWORD.
#include "measure.h"

#include <winrm/client.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>

using bench::cpu_ms;
using bench::resident_kib;

int main(int argc, char** argv)
{
    const char* password = std::getenv("WINRM_PASSWORD");
    if (argc != 5 || password == nullptr) {
        std::fputs("usage: WINRM_PASSWORD=… bench_session URL USER CA COUNT\n", stderr);
        return 2;
    }
    winrm::client_options settings;
    settings.ca_file = argv[3];
    settings.scheme = winrm::login_scheme::basic;
    winrm::client host{winrm::target::parse(argv[1]).value(), winrm::credentials{argv[2], password}, settings};
    auto shell = host.open_shell();
    std::uint64_t requests = 0;
    const auto once = [&] {
        auto got = shell.run("true");
        if (got) requests = got->requests;
        if (got && got->exit_code == 0) return;
        if (!got) std::cerr << got.error() << '\n';
        std::exit(1);
    };
    for (int i = 0; i < 5; ++i) once();
    const int count = std::atoi(argv[4]);
    const long resident = resident_kib();
    const double cpu = cpu_ms();
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) once();
    const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begin;
    std::printf("%f %f %llu %ld\n", (cpu_ms() - cpu) / count, wall.count() / count,
                static_cast<unsigned long long>(requests), resident_kib() - resident);
}
