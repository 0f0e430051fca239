#include "service/monitor/account.h"

#include <algorithm>
#include <grp.h>
#include <pwd.h>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t entry_size = 64 * 1024;

template <class Call> std::optional<account> look_up(Call&& call)
{
    std::vector<char> buffer(entry_size);
    passwd entry{};
    passwd* found = nullptr;
    if (call(&entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return std::nullopt;
    const std::string shell = found->pw_shell != nullptr && *found->pw_shell != '\0' ? found->pw_shell : "/bin/sh";
    const std::string home = found->pw_dir != nullptr && *found->pw_dir == '/' ? found->pw_dir : "/";
    return account{found->pw_uid, found->pw_gid, found->pw_name, home, shell};
}

} // namespace

std::optional<account> find_account(const std::string& name)
{
    return look_up([&](auto... a) { return ::getpwnam_r(name.c_str(), a...); });
}

std::optional<account> find_account(uid_t uid)
{
    return look_up([&](auto... a) { return ::getpwuid_r(uid, a...); });
}

bool group_exists(const std::string& name)
{
    std::vector<char> buffer(entry_size * 4);
    group entry{};
    group* found = nullptr;
    return ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
}

bool in_one_of(const account& who, const std::vector<std::string>& groups)
{
    std::vector<gid_t> mine(1024);
    int count = static_cast<int>(mine.size());
    if (::getgrouplist(who.name.c_str(), who.gid, mine.data(), &count) < 0) {
        if (count < 0 || count > 65'536) return false;
        mine.resize(static_cast<std::size_t>(count));
        if (::getgrouplist(who.name.c_str(), who.gid, mine.data(), &count) < 0) return false;
    }
    mine.resize(static_cast<std::size_t>(count));
    std::vector<char> buffer(entry_size * 4);
    return std::any_of(groups.begin(), groups.end(), [&](const std::string& name) {
        group entry{};
        group* found = nullptr;
        return ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
               std::find(mine.begin(), mine.end(), found->gr_gid) != mine.end();
    });
}

} // namespace winrm::service::monitor
