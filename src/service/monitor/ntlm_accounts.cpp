#include "service/monitor/ntlm_accounts.h"

#include "auth/ntlm/upcase.h"
#include "base/text.h"

#include <algorithm>
#include <map>
#include <utility>

namespace winrm::service::monitor {
namespace {

constexpr std::size_t max_name = 256, hash_digits = 32;
constexpr std::string_view hash_of_nothing = "31d6cfe0d16ae931b73c59d7e0c089c0";
constexpr std::string_view remedy = ": make the line anew with `winrmd passwd USER`";

std::string_view next_line(std::string_view& lines)
{
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(lines.size(), line.size() + 1));
    return line;
}
std::string_view without_return(std::string_view line)
{
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return line;
}
bool is_comment(std::string_view line) { return line.empty() || line.front() == '#'; }

struct account_name
{
    std::string domain, user;
};
/// Position of the first byte that no name may have, npos: none.
std::size_t bad_byte(std::string_view name)
{
    const auto at = std::find_if(name.begin(), name.end(),
                                 [](char c) { return c == ':' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    return at == name.end() ? std::string_view::npos : static_cast<std::size_t>(at - name.begin());
}
std::optional<account_name> split(std::string_view name)
{
    if (name.size() > max_name || is_comment(name) || !base::is_utf8(name) || bad_byte(name) != std::string_view::npos)
        return std::nullopt;
    const std::size_t slash = name.find('\\');
    account_name out;
    if (slash == 0 || (slash != std::string_view::npos && name.find('\\', slash + 1) != std::string_view::npos))
        return std::nullopt;
    if (slash != std::string_view::npos) out.domain = name.substr(0, slash);
    out.user = name.substr(slash == std::string_view::npos ? 0 : slash + 1);
    if (out.user.empty()) return std::nullopt;
    return out;
}
/// The same for names that NTLM takes for one.
std::string key_of(const account_name& name)
{
    const auto wide = base::utf8_to_utf16(name.domain + '\\' + name.user, base::utf16_order::little);
    return wide ? auth::ntlm::upcase_utf16(*wide) : std::string();
}

int digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    const char small = static_cast<char>(c | 0x20);
    return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// What a line holds, or where and why not.
struct parsed_line
{
    ntlm_entry entry;
    std::string key;
    std::size_t column = 0;
    std::string wrong;
};
parsed_line parse_line(std::string_view line)
{
    parsed_line out;
    const auto refuse = [&out](std::size_t at, std::string_view why) {
        out.column = at + 1;
        out.wrong = std::string{why} + std::string{remedy};
        return std::move(out);
    };
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return refuse(0, "is not of the form USER:HASH");
    const auto name = split(line.substr(0, colon));
    if (!name) return refuse(0, "has no user name before the colon, or one that cannot be");
    const std::string_view digits = line.substr(colon + 1);
    const auto wrong = std::find_if(digits.begin(), digits.end(), [](char c) { return digit(c) < 0; });
    const auto good = static_cast<std::size_t>(wrong - digits.begin());
    if (digits.size() != hash_digits || good != hash_digits)
        return refuse(colon + 1 + std::min(good, hash_digits), "has no NT hash, which is 32 hexadecimal digits");
    if (base::iequals(digits, hash_of_nothing)) return refuse(colon + 1, "has the hash of an empty password");
    std::string hash;
    hash.reserve(hash_digits / 2);
    for (std::size_t i = 0; i < hash_digits; i += 2)
        hash += static_cast<char>(digit(digits[i]) << 4 | digit(digits[i + 1]));
    out.key = key_of(*name);
    out.entry = {name->user, name->domain, base::secret{std::move(hash)}};
    return out;
}

/// Is it the line of this account?
bool is_line_of(std::string_view line, const std::string& key)
{
    if (is_comment(line)) return false;
    const auto name = split(line.substr(0, line.find(':')));
    return name && key_of(*name) == key;
}

} // namespace

ntlm_file parse_ntlm_file(std::string_view lines)
{
    ntlm_file out;
    std::map<std::string, unsigned> seen;
    for (unsigned number = 1; !lines.empty(); ++number) {
        const std::string_view line = without_return(next_line(lines));
        if (is_comment(line)) continue;
        parsed_line got = parse_line(line);
        if (!got.wrong.empty()) {
            out.problems.push_back({number, static_cast<unsigned>(got.column), std::move(got.wrong)});
            continue;
        }
        const auto [first, is_new] = seen.emplace(std::move(got.key), number);
        if (!is_new) {
            out.problems.push_back({number, 1,
                                    '"' + base::printable(got.entry.user) + "\" has a line already, line " +
                                        std::to_string(first->second) + ": remove one"});
            continue;
        }
        if (out.accounts.size() == max_ntlm_accounts) {
            out.problems.push_back(
                {number, 1, "is one account too many: a file can have " + std::to_string(max_ntlm_accounts)});
            break;
        }
        out.accounts.push_back(std::move(got.entry));
    }
    return out;
}

std::optional<base::secret> with_ntlm_account(std::string_view lines, const std::string& name,
                                              const crypto::secret_128& nt_hash)
{
    const auto parts = split(name);
    if (!parts) return std::nullopt;
    const std::string key = key_of(*parts);
    std::string line = name + ':';
    line.reserve(line.size() + hash_digits + 1);
    for (const char c : nt_hash.reveal()) {
        constexpr std::string_view hex = "0123456789abcdef";
        line += hex[static_cast<unsigned char>(c) >> 4U];
        line += hex[static_cast<unsigned char>(c) & 15U];
    }
    std::string out;
    out.reserve(lines.size() + line.size() + 2); // no copy with hashes is left where it grew
    bool placed = false;
    while (!lines.empty()) {
        const std::string_view old = next_line(lines);
        if (!is_line_of(without_return(old), key)) out.append(old).append("\n");
        else if (!std::exchange(placed, true)) out.append(line).append("\n");
    }
    if (!placed) out.append(line).append("\n");
    base::wipe(line.data(), line.size());
    return base::secret{std::move(out)};
}

std::optional<base::secret> without_ntlm_account(std::string_view lines, const std::string& name)
{
    const auto parts = split(name);
    if (!parts) return std::nullopt;
    const std::string key = key_of(*parts);
    std::string out;
    out.reserve(lines.size() + 1);
    bool found = false;
    while (!lines.empty()) {
        const std::string_view old = next_line(lines);
        if (is_line_of(without_return(old), key)) found = true;
        else out.append(old).append("\n");
    }
    base::secret text{std::move(out)};
    if (!found) return std::nullopt;
    return text;
}

} // namespace winrm::service::monitor
