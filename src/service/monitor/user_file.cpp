#include "service/monitor/user_file.h"

#include "crypto/digest.h"

#include <algorithm>
#include <crypt.h>
#include <memory>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_name = 256, max_password = CRYPT_MAX_PASSPHRASE_SIZE - 1;

struct wiped_data
{
    crypt_data data{};
    ~wiped_data() { base::wipe(&data, sizeof data); }
};

/// What an unknown user's password is compared with: costs what a real one costs and matches nothing.
const std::string& nobodys_hash()
{
    static const std::string hash = [] {
        char salt[CRYPT_GENSALT_OUTPUT_SIZE];
        return crypt_gensalt_rn("$y$", 0, nullptr, 0, salt, sizeof salt) ? std::string{salt}
                                                                         : std::string{"$y$j9T$winrmd"};
    }();
    return hash;
}

bool strong(std::string_view hash)
{
    constexpr std::string_view methods[] = {"$y$", "$gy$", "$7$", "$argon2", "$2b$", "$2y$", "$2a$", "$6$"};
    return std::any_of(std::begin(methods), std::end(methods),
                       [&](std::string_view m) { return hash.substr(0, m.size()) == m; });
}

bool is_name(const std::string& user)
{
    return !user.empty() && user.size() <= max_name && user.front() != '#' &&
           std::none_of(user.begin(), user.end(),
                        [](char c) { return c == ':' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

} // namespace

bool check_user_line(std::string_view lines, const std::string& user, const base::secret& password)
{
    std::string hash;
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        const std::size_t colon = line.find(':');
        if (line.empty() || line.front() == '#' || colon == std::string_view::npos || !hash.empty()) continue;
        if (line.substr(0, colon) == user)
            hash = line.substr(colon + 1, line.find_first_of(":\r", colon + 1) - colon - 1);
    }
    const bool known = is_name(user) && strong(hash);
    if (!known) hash = nobodys_hash();
    std::string text{password.reveal().substr(0, max_password)};
    const auto work = std::make_unique<wiped_data>();
    const char* got = text.find('\0') == std::string::npos ? crypt_r(text.c_str(), hash.c_str(), &work->data) : nullptr;
    base::wipe(text.data(), text.size());
    if (!known || !got || *got == '*' || password.reveal().size() > max_password) return false;
    return crypto::equal_secret(got, hash);
}

result<std::string> make_user_line(const std::string& user, const base::secret& password)
{
    if (!is_name(user))
        return winrm::error{errc::bad_argument, "a user name is needed, without colon and control characters"};
    if (password.empty() || password.reveal().size() > max_password ||
        password.reveal().find('\0') != std::string_view::npos)
        return winrm::error{errc::bad_argument,
                            "the password must have 1 to " + std::to_string(max_password) + " bytes and no NUL"};
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn("$y$", 0, nullptr, 0, salt, sizeof salt))
        return winrm::error{errc::internal, "libcrypt makes no yescrypt salt on this system"};
    const auto work = std::make_unique<wiped_data>();
    const char* hash = crypt_r(std::string{password.reveal()}.c_str(), salt, &work->data);
    if (!hash || *hash == '*') return winrm::error{errc::internal, "libcrypt makes no yescrypt hash on this system"};
    return user + ':' + hash;
}

} // namespace winrm::service::monitor
