#include "service/monitor/own_limits.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

struct limit
{
    int what;
    std::optional<rlimit> found;
};
limit files{RLIMIT_NOFILE, {}}, core{RLIMIT_CORE, {}};

void set(limit& l, bool to_most)
{
    rlimit now{};
    if (::getrlimit(l.what, &now) != 0) return;
    l.found = now;
    now.rlim_cur = to_most ? now.rlim_max : 0;
    ::setrlimit(l.what, &now);
}

constexpr std::uint64_t usual_spares = 64, fewest_spares = 24; ///< loop, log, what libraries open for a moment
constexpr std::uint32_t fewest_connections = 4;                ///< an account's two, one before login, one to come

std::uint64_t of_front(const settings& s, std::uint64_t connections, std::uint64_t spares)
{
    return 2 * connections + s.listen.size() + spares; // both ends of each connection
}

std::uint64_t of_monitor(const settings& s, std::uint64_t logins, std::uint64_t users, std::uint64_t spares)
{
    return s.fronts * (s.listen.size() + 2) + 2 * logins + 2 * users + spares;
}

} // namespace

std::uint64_t open_files_needed(const settings& s) noexcept
{
    const limit_settings& l = s.limits;
    return std::max(of_front(s, l.max_connections, usual_spares),
                    of_monitor(s, l.max_parallel_logins, l.max_users, usual_spares));
}

static std::uint64_t fewest_open_files(const settings& s) noexcept
{
    const std::uint64_t connections = std::min(s.limits.max_connections, fewest_connections);
    return std::max(of_front(s, connections, fewest_spares), of_monitor(s, 1, 1, fewest_spares));
}

bool fit_open_files(settings& s, std::uint64_t have) noexcept
{
    if (have < fewest_open_files(s)) return false;
    limit_settings& l = s.limits;
    const std::uint64_t spares = std::clamp(have / 3, fewest_spares, usual_spares);
    const auto lower = [](std::uint32_t& value, std::uint64_t most, std::uint32_t least) {
        value = static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::max<std::uint64_t>(most, least)));
    };
    const auto left = [have](std::uint64_t fixed) { return have > fixed ? (have - fixed) / 2 : 0; };
    lower(l.max_connections, left(of_front(s, 0, spares)), fewest_connections);
    const std::uint64_t logins_and_users = left(of_monitor(s, 0, 0, spares));
    if (std::uint64_t{l.max_parallel_logins} + l.max_users > logins_and_users) {
        lower(l.max_parallel_logins, logins_and_users / 2, 1);
        lower(l.max_users, logins_and_users - std::min<std::uint64_t>(logins_and_users, l.max_parallel_logins), 1);
    }
    return true;
}

result<void> arrange_open_files(settings& s, base::log_sink& log)
{
    rlimit now{};
    if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return {};
    const std::uint64_t needed = open_files_needed(s);
    if (now.rlim_max < needed) { // root may, unless CAP_SYS_RESOURCE was taken from it
        const rlimit raised{needed, needed};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
    }
    if (now.rlim_max >= needed) return {};
    const auto have = static_cast<std::uint64_t>(now.rlim_max);
    const std::string remedy =
        std::string{"raise the hard limit of open files (LimitNOFILE= of systemd, --ulimit nofile= of a container)"} +
        (::geteuid() == 0 ? ", or leave winrmd CAP_SYS_RESOURCE" : "");
    const std::uint64_t fewest = fewest_open_files(s);
    if (!fit_open_files(s, have))
        return winrm::error{errc::bad_config, "each process may have " + std::to_string(have) +
                                                  " open files; at least " + std::to_string(fewest) +
                                                  " are needed, and " + std::to_string(needed) +
                                                  " for all that is configured: " + remedy};
    log.write(base::log_level::warning, "open_files",
              {{"have", std::to_string(have)},
               {"needed", std::to_string(needed)},
               {"max_connections", std::to_string(s.limits.max_connections)},
               {"max_parallel_logins", std::to_string(s.limits.max_parallel_logins)},
               {"max_users", std::to_string(s.limits.max_users)},
               {"meaning", "these limits were lowered to what there is: " + remedy}});
    return {};
}

void take_own_limits()
{
    set(files, true);
    set(core, false);
#ifndef OPENWINRM_SANITIZED // the leak checker reads our memory from outside
    ::prctl(PR_SET_DUMPABLE, 0);
#endif
}

void give_back_limits()
{
    for (const limit& l : {files, core}) {
        rlimit now{};
        if (!l.found || ::getrlimit(l.what, &now) != 0) continue;
        ::setrlimit(l.what, &*l.found);
    }
}

} // namespace winrm::service::monitor
