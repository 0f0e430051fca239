#include "service/monitor/hash_time.h"

#include "base/secret.h"

#include <algorithm>
#include <crypt.h>
#include <memory>
#include <set>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t most_kinds = 8;
constexpr std::chrono::seconds longest_trial{2};

/// Method and parameters, which decide how long a hash takes (forms: crypt(5)).
std::string_view kind_of(std::string_view hash)
{
    if (hash.substr(0, 1) != "$") return hash.substr(0, hash.empty() ? 0 : 1) == "_" ? "_" : "des";
    const std::size_t id = hash.find('$', 1);
    if (id == std::string_view::npos) return hash;
    const std::string_view method = hash.substr(0, id + 1);
    const std::size_t field = hash.find('$', id + 1);
    if (method == "$7$") return hash.substr(0, id + 12);
    if (method == "$y$" || method == "$gy$" || method.substr(0, 2) == "$2") return hash.substr(0, field);
    if (method.substr(0, 7) == "$argon2") {
        const std::size_t parameters = field == std::string_view::npos ? field : hash.find('$', field + 1);
        return hash.substr(0, parameters);
    }
    return hash.substr(id + 1, 7) == "rounds=" ? hash.substr(0, field) : method;
}

std::chrono::microseconds time_of(const char* setting)
{
    const auto work = std::make_unique<crypt_data>();
    const auto began = std::chrono::steady_clock::now();
    const char* got = crypt_r("a password like others", setting, work.get());
    const auto ended = std::chrono::steady_clock::now();
    const bool hashed = got && *got != '*';
    base::wipe(work.get(), sizeof *work);
    return hashed ? std::chrono::duration_cast<std::chrono::microseconds>(ended - began) : std::chrono::microseconds{};
}

} // namespace

std::vector<std::string> kinds_of_hashes(std::string_view lines)
{
    std::vector<std::string> out;
    std::set<std::string_view> seen;
    while (!lines.empty() && out.size() < most_kinds) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t colon = line.find(':');
        if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
        const std::string_view hash =
            line.substr(colon + 1, line.find_first_of(":\r", colon + 1) - std::min(line.size(), colon + 1));
        if (hash.size() < 13 || hash.front() == '!' || hash.front() == '*') continue; // DES is the shortest
        if (seen.insert(kind_of(hash)).second) out.emplace_back(hash);
    }
    return out;
}

std::chrono::microseconds slowest_hash(const std::vector<std::string>& kinds)
{
    const auto until = std::chrono::steady_clock::now() + longest_trial;
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    std::chrono::microseconds slowest{};
    if (crypt_gensalt_rn(nullptr, 0, nullptr, 0, salt, sizeof salt)) slowest = time_of(salt);
    for (const std::string& kind : kinds)
        if (std::chrono::steady_clock::now() < until) slowest = std::max(slowest, time_of(kind.c_str()));
    return slowest;
}

} // namespace winrm::service::monitor
