#include "service/monitor/user_file.h"

#include "base/text.h"
#include "crypto/digest.h"

#include <algorithm>
#include <chrono>
#include <crypt.h>
#include <memory>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_name = 256, max_password = CRYPT_MAX_PASSPHRASE_SIZE - 1;
constexpr std::chrono::seconds longest_trial{1}; // after that only the form of a line is checked

struct wiped_data
{
    crypt_data data{};
    ~wiped_data() { base::wipe(&data, sizeof data); }
};

/// For unknown users: takes as long to check as a real hash and matches nothing.
const std::string& dummy_hash()
{
    static const std::string hash = [] {
        char salt[CRYPT_GENSALT_OUTPUT_SIZE];
        return crypt_gensalt_rn("$y$", 0, nullptr, 0, salt, sizeof salt) ? std::string{salt}
                                                                         : std::string{"$y$j9T$winrmd"};
    }();
    return hash;
}

/// A method slow enough to resist guessing, and the form of its hashes.
struct method
{
    std::string_view prefix, name;
    std::size_t tail; ///< letters after the salt; 0 = libcrypt alone knows
    bool costly;      ///< its parameters decide how long a check takes: not tried, only their range is checked
};
constexpr method methods[] = {
    {"$y$", "yescrypt", 43, false},  {"$gy$", "gost-yescrypt", 43, false}, {"$7$", "scrypt", 43, false},
    {"$argon2", "argon2", 0, false}, {"$2b$", "bcrypt", 31, true},         {"$2y$", "bcrypt", 31, true},
    {"$2a$", "bcrypt", 31, true},    {"$6$", "sha512crypt", 86, true},
};

const method* method_of(std::string_view hash)
{
    const auto at = std::find_if(std::begin(methods), std::end(methods),
                                 [&](const method& m) { return hash.substr(0, m.prefix.size()) == m.prefix; });
    return at == std::end(methods) ? nullptr : &*at;
}

bool is_base64(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '.' && c <= '9');
    });
}

/// Is the hash complete? (Forms: crypt(5))
bool is_whole(const method& m, std::string_view hash)
{
    std::string_view rest = hash.substr(m.prefix.size());
    if (m.name == "bcrypt") { // $2b$NN$ and 22 letters of salt without a border
        const auto cost = base::parse_unsigned(rest.substr(0, 2));
        return rest.size() == 56 && rest[2] == '$' && cost && *cost >= 4 && *cost <= 31 && is_base64(rest.substr(3));
    }
    if (m.name == "sha512crypt") {
        constexpr std::string_view key = "rounds=";
        if (rest.substr(0, key.size()) == key) {
            const std::size_t end = std::min(rest.find('$'), rest.size());
            const auto rounds = base::parse_unsigned(rest.substr(key.size(), end - key.size()));
            if (!rounds || *rounds < 1'000 || *rounds > 999'999'999 || end == rest.size()) return false;
            rest.remove_prefix(end + 1);
        }
        const std::size_t end = rest.find('$');
        if (end == std::string_view::npos || end > 16) return false;
        rest.remove_prefix(end);
        return rest.size() == m.tail + 1 && is_base64(rest.substr(1));
    }
    if (m.tail == 0) return true;
    const std::size_t end = rest.rfind('$');
    return end != std::string_view::npos && end > 0 && rest.size() - end - 1 == m.tail &&
           is_base64(rest.substr(end + 1));
}

/// Does crypt() with this hash's parameters give a hash of the same length?
bool works(const std::string& hash)
{
    const auto work = std::make_unique<wiped_data>();
    const char* got = crypt_rn("probe", hash.c_str(), &work->data, sizeof work->data);
    return got && *got != '*' && hash.size() == std::string_view{got}.size();
}

bool libcrypt_has(const method& m, const std::string& hash)
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    if (crypt_gensalt_rn(m.prefix.data(), 0, nullptr, 0, salt, sizeof salt)) return true;
    const int said = crypt_checksalt(hash.c_str()); // libcrypt may check methods it does not generate
    return said != CRYPT_SALT_INVALID && said != CRYPT_SALT_METHOD_DISABLED;
}

/// "" = usable.
std::string hash_problem(const std::string& hash, const std::string& remedy, bool try_it)
{
    if (hash.empty()) return "there is no hash: " + remedy;
    const method* m = method_of(hash);
    if (!m)
        return "the hash is of no accepted method (yescrypt, gost-yescrypt, scrypt, argon2, bcrypt, sha512crypt), or "
               "is "
               "a plain password: " +
               remedy;
    if (!libcrypt_has(*m, hash))
        return "this system's libcrypt cannot check " + std::string{m->name} + " hashes: " + remedy;
    if (!is_whole(*m, hash) || (try_it && !m->costly && !works(hash)))
        return "the " + std::string{m->name} + " hash is cut short or damaged: " + remedy;
    return {};
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
    const bool known = is_name(user) && hash_problem(hash, {}, false).empty();
    if (!known) hash = dummy_hash();
    std::string text{password.reveal().substr(0, max_password)};
    const auto work = std::make_unique<wiped_data>();
    const char* got = text.find('\0') == std::string::npos ? crypt_r(text.c_str(), hash.c_str(), &work->data) : nullptr;
    base::wipe(text.data(), text.size());
    if (!known || !got || *got == '*' || password.reveal().size() > max_password) return false;
    return crypto::equal_secret(got, hash);
}

bool names_anybody(std::string_view lines)
{
    while (!lines.empty()) {
        const std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!line.empty() && line.front() != '#' && line.find(':') != std::string_view::npos) return true;
    }
    return false;
}

std::vector<user_line_problem> user_file_problems(std::string_view lines, trial how)
{
    std::vector<user_line_problem> out;
    const auto until = std::chrono::steady_clock::now() + longest_trial;
    for (unsigned number = 1; !lines.empty(); ++number) {
        std::string_view line = lines.substr(0, lines.find('\n'));
        lines.remove_prefix(std::min(lines.size(), line.size() + 1));
        if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        const std::size_t colon = line.find(':');
        const std::string user{line.substr(0, colon)};
        if (colon == std::string_view::npos || !is_name(user)) {
            out.push_back({number, {}, "is not of the form NAME:HASH: make it with `winrmd passwd NAME`"});
            continue;
        }
        const std::string shown = base::printable(user);
        std::string what = hash_problem(std::string{line.substr(colon + 1, line.find(':', colon + 1) - colon - 1)},
                                        "make the line anew with `winrmd passwd " + shown + '`',
                                        how == trial::run && std::chrono::steady_clock::now() < until);
        if (!what.empty()) out.push_back({number, user, "user \"" + shown + "\": " + what});
    }
    return out;
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
