#include "auth/challenge.h"

#include "base/text.h"

#include <algorithm>
#include <array>

namespace winrm::auth {
namespace {

constexpr std::size_t max_schemes = 16;
constexpr std::size_t max_name = 64; // bytes
constexpr std::array<base::bytes_view, 6> known{"Negotiate", "Kerberos", "NTLM", "CredSSP", "Basic", "Digest"};

bool is_token_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           base::bytes_view{"!#$%&'*+-.^_`|~"}.find(c) != base::bytes_view::npos;
}

/// One element of the list: a scheme with or without data, or a further parameter of the scheme before (RFC
/// 9110 11.6.1).
/// @return the scheme's name, empty for a parameter or for what is no token.
base::bytes_view scheme_of(base::bytes_view element)
{
    const auto end = std::find_if_not(element.begin(), element.end(), is_token_character);
    const base::bytes_view name = element.substr(0, static_cast<std::size_t>(end - element.begin()));
    base::bytes_view rest = element.substr(name.size());
    if (rest.empty()) return name;
    if (rest.front() != ' ' && rest.front() != '\t') return {};
    rest = base::trim(rest);
    return rest.starts_with('=') ? base::bytes_view{} : name;
}

void add(base::bytes_view name, std::vector<std::string>& out)
{
    if (name.empty() || name.size() > max_name || out.size() == max_schemes) return;
    const auto same = [name](base::bytes_view other) { return base::iequals(name, other); };
    if (std::any_of(out.begin(), out.end(), same)) return;
    const auto* usual = std::find_if(known.begin(), known.end(), same);
    out.emplace_back(usual == known.end() ? name : *usual);
}

} // namespace

std::vector<std::string> offered_schemes(const std::vector<std::string>& fields)
{
    std::vector<std::string> out;
    for (const base::bytes_view field : fields) {
        bool quoted = false;
        std::size_t begin = 0;
        for (std::size_t i = 0; i <= field.size(); ++i) {
            if (i == field.size() || (!quoted && field[i] == ',')) {
                add(scheme_of(base::trim(field.substr(begin, i - begin))), out);
                begin = i + 1;
            } else if (quoted && field[i] == '\\') {
                if (i + 1 < field.size()) ++i;
            } else if (field[i] == '"') {
                quoted = !quoted;
            }
        }
    }
    return out;
}

} // namespace winrm::auth
