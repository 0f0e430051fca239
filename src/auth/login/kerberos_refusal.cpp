#include "auth/login/kerberos_refusal.h"

#include "auth/spnego/der.h"
#include "auth/spnego/tokens.h"

#include <array>
#include <chrono>

namespace winrm::auth {
namespace {

using spnego::der_reader;

constexpr unsigned char frame = 0x60, object_identifier = 0x06, krb_error = 0x7e, sequence = 0x30, integer = 0x02,
                        generalized_time = 0x18, ap_req = 0x6e, ticket = 0x61, general_string = 0x1b;
constexpr base::bytes_view error_token{"\x03\x00", 2}, request_token{"\x01\x00", 2};
constexpr std::size_t longest_realm = 255;

constexpr unsigned char field(int number) { return static_cast<unsigned char>(0xa0 + number); }

std::optional<std::int64_t> read_integer(base::bytes_view bytes)
{
    if (bytes.empty() || bytes.size() > 4) return std::nullopt;
    std::int64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80) != 0 ? -1 : 0;
    for (const char c : bytes) value = value * 256 + static_cast<unsigned char>(c);
    return value;
}

/// "20261128142000Z"
std::optional<std::int64_t> read_time(base::bytes_view text)
{
    if (text.size() != 15 || text[14] != 'Z') return std::nullopt;
    constexpr std::array<std::size_t, 6> widths{4, 2, 2, 2, 2, 2};
    std::array<int, 6> parts{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < widths.size(); ++i) {
        for (std::size_t end = at + widths[i]; at < end; ++at) {
            if (text[at] < '0' || text[at] > '9') return std::nullopt;
            parts[i] = parts[i] * 10 + (text[at] - '0');
        }
    }
    namespace chrono = std::chrono;
    const chrono::year_month_day day{chrono::year{parts[0]}, chrono::month{static_cast<unsigned>(parts[1])},
                                     chrono::day{static_cast<unsigned>(parts[2])}};
    if (!day.ok() || parts[3] > 23 || parts[4] > 59 || parts[5] > 60) return std::nullopt;
    const std::int64_t days = chrono::sys_days{day}.time_since_epoch().count();
    return ((days * 24 + parts[3]) * 60 + parts[4]) * 60 + parts[5];
}

/// The fields of a message of Kerberos in a token.
std::optional<base::bytes_view> message_in(base::bytes_view token, base::bytes_view kind, unsigned char tag)
{
    der_reader outer(token);
    const auto framed = outer.take(frame);
    if (!framed || !outer.at_end()) return std::nullopt;
    const auto mechanism = der_reader(*framed).next();
    if (!mechanism || mechanism->tag != object_identifier ||
        spnego::kind_of(mechanism->content) != mechanism_kind::kerberos)
        return std::nullopt;
    base::bytes_view rest = framed->substr(mechanism->whole.size());
    if (!rest.starts_with(kind)) return std::nullopt;
    rest.remove_prefix(kind.size());
    const auto application = der_reader(rest).take(tag);
    return application ? der_reader(*application).take(sequence) : std::nullopt;
}

std::optional<base::bytes_view> find_field(base::bytes_view fields, int number)
{
    der_reader each(fields);
    while (const auto one = each.next()) {
        if (one->tag == field(number)) return one->content;
    }
    return std::nullopt;
}

} // namespace

std::string ticket_realm(base::bytes_view token)
{
    const auto request = message_in(token, request_token, ap_req);
    const auto holder = request ? find_field(*request, 3) : std::nullopt;
    const auto tagged = holder ? der_reader(*holder).take(ticket) : std::nullopt;
    const auto fields = tagged ? der_reader(*tagged).take(sequence) : std::nullopt;
    const auto realm = fields ? find_field(*fields, 1) : std::nullopt;
    const auto text = realm ? der_reader(*realm).take(general_string) : std::nullopt;
    return text && text->size() <= longest_realm ? std::string(*text) : std::string();
}

std::optional<kerberos_refusal> read_kerberos_refusal(base::bytes_view token)
{
    const auto fields = message_in(token, error_token, krb_error);
    if (!fields) return std::nullopt;
    std::optional<std::int64_t> code, time;
    der_reader each(*fields);
    while (const auto one = each.next()) {
        if (one->tag == field(4)) {
            if (const auto text = der_reader(one->content).take(generalized_time)) time = read_time(*text);
        } else if (one->tag == field(6)) {
            if (const auto number = der_reader(one->content).take(integer)) code = read_integer(*number);
        }
    }
    if (!each.at_end() || !code || !time) return std::nullopt;
    return kerberos_refusal{*code, *time};
}

} // namespace winrm::auth
