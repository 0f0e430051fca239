#include "auth/challenge.h"

#include "base/base64.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <utility>

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

/// Calls `visit` with each element of the lists; commas in quotes part nothing.
template <class Visit> void for_each_element(const std::vector<std::string>& fields, const Visit& visit)
{
    for (const base::bytes_view field : fields) {
        bool quoted = false;
        std::size_t begin = 0;
        for (std::size_t i = 0; i <= field.size(); ++i) {
            if (i == field.size() || (!quoted && field[i] == ',')) {
                visit(base::trim(field.substr(begin, i - begin)));
                begin = i + 1;
            } else if (quoted && field[i] == '\\') {
                if (i + 1 < field.size()) ++i;
            } else if (field[i] == '"') {
                quoted = !quoted;
            }
        }
    }
}

bool is_base64_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
           c == '=';
}

} // namespace

std::vector<std::string> offered_schemes(const std::vector<std::string>& fields)
{
    std::vector<std::string> out;
    for_each_element(fields, [&out](base::bytes_view element) { add(scheme_of(element), out); });
    return out;
}

challenge find_challenge(const std::vector<std::string>& fields, base::bytes_view scheme)
{
    challenge found;
    for_each_element(fields, [&](base::bytes_view element) {
        if (found.what > challenge::kind::bare || !base::iequals(scheme_of(element), scheme)) return;
        found.what = challenge::kind::bare;
        const base::bytes_view rest = base::trim(element.substr(scheme.size()));
        // A parameter (realm="x") has something behind its '=', the padding of base64 has not.
        const std::size_t equals = rest.find('=');
        if (rest.empty() || rest.find_first_not_of('=', equals) != base::bytes_view::npos) return;
        auto token = decode_token(rest);
        found.what = token ? challenge::kind::token : challenge::kind::malformed;
        if (token) found.token = std::move(*token);
    });
    return found;
}

std::optional<base::bytes> decode_token(base::bytes_view text)
{
    base::bytes out;
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_base64_character)) return std::nullopt;
    if (!base::base64_decode(text, out) || out.empty()) return std::nullopt;
    return out;
}

} // namespace winrm::auth
