// What the benchmarks of the client measure of their own process.
#pragma once

#include <cstdio>
#include <sys/resource.h>
#include <unistd.h>

namespace bench {

/// User and system time so far.
inline double cpu_ms()
{
    rusage u{};
    getrusage(RUSAGE_SELF, &u);
    const auto ms = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) * 1000 + static_cast<double>(t.tv_usec) / 1000;
    };
    return ms(u.ru_utime) + ms(u.ru_stime);
}

/// Resident memory now.
inline long resident_kib()
{
    long pages = 0;
    if (std::FILE* f = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
        std::fclose(f);
    }
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

} // namespace bench
