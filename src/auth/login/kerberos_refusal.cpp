#include "auth/login/kerberos_refusal.h"

#include "auth/spnego/der.h"
#include "auth/spnego/tokens.h"

#include <array>
#include <chrono>
#include <cstdlib>

namespace winrm::auth {
namespace {

using spnego::der_reader;

constexpr unsigned char frame = 0x60, object_identifier = 0x06, krb_error = 0x7e, sequence = 0x30, integer = 0x02,
                        generalized_time = 0x18;
constexpr base::bytes_view error_token{"\x03\x00", 2};

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

std::string two_digits(std::int64_t number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); }

/// "2026-11-28 14:20:00 UTC"
std::string in_words(std::int64_t time)
{
    namespace chrono = std::chrono;
    const chrono::sys_seconds at{chrono::seconds{time}};
    const auto midnight = chrono::floor<chrono::days>(at);
    const chrono::year_month_day day{midnight};
    const std::int64_t second = (at - midnight).count();
    return std::to_string(static_cast<int>(day.year())) + '-' + two_digits(static_cast<unsigned>(day.month())) + '-' +
           two_digits(static_cast<unsigned>(day.day())) + ' ' + two_digits(second / 3600) + ':' +
           two_digits(second / 60 % 60) + ':' + two_digits(second % 60) + " UTC";
}

} // namespace

std::optional<kerberos_refusal> read_kerberos_refusal(base::bytes_view token)
{
    der_reader outer(token);
    const auto framed = outer.take(frame);
    if (!framed || !outer.at_end()) return std::nullopt;
    der_reader in(*framed);
    const auto mechanism = in.next();
    if (!mechanism || mechanism->tag != object_identifier ||
        spnego::kind_of(mechanism->content) != mechanism_kind::kerberos)
        return std::nullopt;
    base::bytes_view rest = framed->substr(mechanism->whole.size());
    if (!rest.starts_with(error_token)) return std::nullopt;
    rest.remove_prefix(error_token.size());

    der_reader body(rest);
    const auto application = body.take(krb_error);
    if (!application) return std::nullopt;
    const auto fields = der_reader(*application).take(sequence);
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

std::string clock_sentence(std::int64_t here, std::int64_t host)
{
    return "The clocks differ by " + std::to_string(std::abs(here - host)) +
           " s, which is too much for Kerberos: here it is " + in_words(here) + ", at the host " + in_words(host) + ".";
}

} // namespace winrm::auth
