#include "auth/spnego/tokens.h"

#include "auth/spnego/der.h"

#include <functional>

namespace winrm::auth::spnego {
namespace {

constexpr unsigned char sequence = 0x30, octets = 0x04, object = 0x06, enumerated = 0x0a, bits = 0x03, frame = 0x60;
constexpr unsigned char context(unsigned char number) noexcept { return 0xa0 | number; }
constexpr unsigned char choice_init = context(0), choice_resp = context(1);

/// Content of the one element inside a context tag.
std::optional<base::bytes_view> inside(base::bytes_view content, unsigned char tag) noexcept
{
    der_reader reader(content);
    const auto got = reader.take(tag);
    if (!got || !reader.at_end()) return std::nullopt;
    return got;
}

std::optional<std::vector<base::bytes>> parse_mechanisms(base::bytes_view list)
{
    std::vector<base::bytes> out;
    der_reader reader(list);
    while (!reader.at_end()) {
        const auto mechanism = reader.take(object);
        if (!mechanism || mechanism->empty() || out.size() == max_mechanisms) return std::nullopt;
        out.emplace_back(*mechanism);
    }
    return out;
}

/// Hands each field to `read`; they are numbered upwards, and `read` says whether its field is right.
bool for_each_field(base::bytes_view fields, const std::function<bool(unsigned char, base::bytes_view)>& read)
{
    der_reader reader(fields);
    int last = -1;
    while (!reader.at_end()) {
        const auto field = reader.next();
        if (!field || (field->tag & 0xe0) != 0xa0) return false;
        const int number = field->tag & 0x1f;
        if (number <= last || !read(static_cast<unsigned char>(number), field->content)) return false;
        last = number;
    }
    return true;
}

bool read_octets(base::bytes_view field, std::optional<base::bytes>& out)
{
    const auto got = inside(field, octets);
    if (got) out.emplace(*got);
    return got.has_value();
}

bool read_init_field(unsigned char number, base::bytes_view field, neg_token_init& out)
{
    switch (number) {
    case 0: {
        const auto list = inside(field, sequence);
        auto mechanisms = list ? parse_mechanisms(*list) : std::nullopt;
        if (!mechanisms) return false;
        out.mechanisms = std::move(*mechanisms);
        out.mech_list = base::bytes(field);
        return true;
    }
    case 1: return inside(field, bits).has_value(); // reqFlags: not protected, so ignored (MS-SPNG 3.1.5.3)
    case 2: return read_octets(field, out.token);
    case 3: // mechListMIC of RFC 4178, or negHints of MS-SPNG 2.2.1, which are to be ignored
        return inside(field, sequence).has_value() || read_octets(field, out.mic);
    case 4: return read_octets(field, out.mic);
    default: return true; // extensions
    }
}

bool read_resp_field(unsigned char number, base::bytes_view field, neg_token_resp& out)
{
    switch (number) {
    case 0: {
        const auto state = inside(field, enumerated);
        if (!state || state->size() != 1 || static_cast<unsigned char>(state->front()) > 3) return false;
        out.state = static_cast<neg_state>(state->front());
        return true;
    }
    case 1: {
        const auto mechanism = inside(field, object);
        if (!mechanism || mechanism->empty()) return false;
        out.mechanism = base::bytes(*mechanism);
        return true;
    }
    case 2: return read_octets(field, out.token);
    case 3: return read_octets(field, out.mic);
    default: return true;
    }
}

/// Token behind the GSS-API frame and the mechanism it names.
struct framed
{
    base::bytes_view mechanism, rest;
};
std::optional<framed> open_frame(base::bytes_view token) noexcept
{
    const auto content = inside(token, frame);
    if (!content) return std::nullopt;
    der_reader reader(*content);
    const auto mechanism = reader.take(object);
    if (!mechanism) return std::nullopt;
    const auto used = static_cast<std::size_t>(mechanism->data() + mechanism->size() - content->data());
    return framed{*mechanism, content->substr(used)};
}

} // namespace

std::optional<mechanism_kind> kind_of(base::bytes_view mechanism) noexcept
{
    if (mechanism == oid::krb5 || mechanism == oid::krb5_microsoft) return mechanism_kind::kerberos;
    if (mechanism == oid::ntlm) return mechanism_kind::ntlm;
    return std::nullopt;
}

base::bytes_view oid_of(mechanism_kind kind) noexcept
{
    return kind == mechanism_kind::kerberos ? oid::krb5 : oid::ntlm;
}

base::bytes make_mech_list(const std::vector<base::bytes_view>& mechanisms)
{
    base::bytes list;
    for (const base::bytes_view mechanism : mechanisms) list += der(object, mechanism);
    return der(sequence, list);
}

base::bytes write(const neg_token_init& token)
{
    base::bytes fields = der(context(0), token.mech_list);
    if (token.token) fields += der(context(2), der(octets, *token.token));
    if (token.mic) fields += der(context(3), der(octets, *token.mic));
    return der(frame, der(object, oid::spnego) + der(choice_init, der(sequence, fields)));
}

base::bytes write(const neg_token_resp& token)
{
    base::bytes fields;
    if (token.state) fields += der(context(0), der(enumerated, base::bytes(1, static_cast<char>(*token.state))));
    if (!token.mechanism.empty()) fields += der(context(1), der(object, token.mechanism));
    if (token.token) fields += der(context(2), der(octets, *token.token));
    if (token.mic) fields += der(context(3), der(octets, *token.mic));
    return der(choice_resp, der(sequence, fields));
}

std::optional<neg_token_init> parse_init(base::bytes_view token)
{
    const auto opened = open_frame(token);
    if (!opened || opened->mechanism != oid::spnego) return std::nullopt;
    const auto choice = inside(opened->rest, choice_init);
    const auto fields = choice ? inside(*choice, sequence) : std::nullopt;
    if (!fields) return std::nullopt;
    neg_token_init out;
    const auto read = [&](unsigned char number, base::bytes_view field) { return read_init_field(number, field, out); };
    if (!for_each_field(*fields, read) || out.mechanisms.empty()) return std::nullopt;
    return out;
}

std::optional<neg_token_resp> parse_resp(base::bytes_view token)
{
    const auto choice = inside(token, choice_resp);
    const auto fields = choice ? inside(*choice, sequence) : std::nullopt;
    if (!fields) return std::nullopt;
    neg_token_resp out;
    const auto read = [&](unsigned char number, base::bytes_view field) { return read_resp_field(number, field, out); };
    if (!for_each_field(*fields, read)) return std::nullopt;
    if (out.mic && out.token && *out.mic == *out.token) out.mic.reset(); // Windows 2000 and its kin
    return out;
}

first_token classify(base::bytes_view token) noexcept
{
    using namespace std::string_view_literals;
    if (token.starts_with("NTLMSSP\0"sv)) return first_token::raw_ntlm;
    const auto opened = open_frame(token);
    if (!opened) return first_token::unknown;
    if (opened->mechanism == oid::spnego) return first_token::negotiate;
    if (kind_of(opened->mechanism) == mechanism_kind::kerberos) return first_token::raw_kerberos;
    return first_token::unknown;
}

} // namespace winrm::auth::spnego
