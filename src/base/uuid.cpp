#include "base/uuid.h"

#include "base/text.h"

#include <cerrno>
#include <cstdlib>
#include <sys/random.h>

namespace winrm::base {
namespace {

int hex_value(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr bool dash_before(std::size_t octet) { return octet == 4 || octet == 6 || octet == 8 || octet == 10; }

void fill_from_kernel(char* buffer, std::size_t size)
{
    while (size > 0) {
        const ssize_t got = getrandom(buffer, size, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            std::abort();
        }
        buffer += got;
        size -= static_cast<std::size_t>(got);
    }
}

bool strip_prefix(bytes_view& text, bytes_view prefix)
{
    if (!iequals(text.substr(0, prefix.size()), prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

} // namespace

random_source system_random() { return fill_from_kernel; }

uuid uuid::random(const random_source& source)
{
    std::array<char, 16> raw{};
    source(raw.data(), raw.size());
    uuid made;
    for (std::size_t i = 0; i < raw.size(); ++i) made.octets_[i] = static_cast<std::uint8_t>(raw[i]);
    made.octets_[6] = static_cast<std::uint8_t>((made.octets_[6] & 0x0FU) | 0x40U); // RFC 9562 5.4: version
    made.octets_[8] = static_cast<std::uint8_t>((made.octets_[8] & 0x3FU) | 0x80U); // and variant
    return made;
}

std::optional<uuid> uuid::parse(bytes_view text) noexcept
{
    if (!strip_prefix(text, "urn:uuid:")) strip_prefix(text, "uuid:");
    if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
    if (text.size() != 36) return std::nullopt;
    uuid made;
    std::size_t at = 0;
    for (std::size_t i = 0; i < made.octets_.size(); ++i) {
        if (dash_before(i) && text[at++] != '-') return std::nullopt;
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        made.octets_[i] = static_cast<std::uint8_t>(high * 16 + low);
        at += 2;
    }
    return made;
}

uuid uuid::from_octets(const std::array<std::uint8_t, 16>& octets) noexcept
{
    uuid made;
    made.octets_ = octets;
    return made;
}

std::string uuid::text() const
{
    constexpr char digits[] = "0123456789ABCDEF";
    std::string out;
    out.reserve(36);
    for (std::size_t i = 0; i < octets_.size(); ++i) {
        if (dash_before(i)) out += '-';
        out += digits[octets_[i] >> 4U];
        out += digits[octets_[i] & 15U];
    }
    return out;
}

std::string uuid::urn() const { return "uuid:" + text(); }

} // namespace winrm::base
