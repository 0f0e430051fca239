#include "auth/krb5/keytab.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace winrm::auth::krb5 {
namespace {

constexpr std::size_t max_keys = 4096, max_parts = 16;
constexpr base::bytes_view version_mark{"\x05\x02", 2};

/// What is left of one record; every number is big-endian.
struct reader
{
    base::bytes_view left;

    template <class T> std::optional<T> number()
    {
        if (left.size() < sizeof(T)) return std::nullopt;
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i) value = value << 8U | static_cast<unsigned char>(left[i]);
        left.remove_prefix(sizeof(T));
        return static_cast<T>(value);
    }
    std::optional<base::bytes_view> counted()
    {
        const auto size = number<std::uint16_t>();
        if (!size || *size > left.size()) return std::nullopt;
        const base::bytes_view out = left.substr(0, *size);
        left.remove_prefix(*size);
        return out;
    }
};

std::optional<keytab_key> parse_record(base::bytes_view record)
{
    reader in{record};
    keytab_key out;
    const auto parts = in.number<std::uint16_t>();
    if (!parts || *parts == 0 || *parts > max_parts) return std::nullopt;
    const auto realm = in.counted();
    if (!realm) return std::nullopt;
    out.realm = *realm;
    for (unsigned i = 0; i < *parts; ++i) {
        const auto part = in.counted();
        if (!part) return std::nullopt;
        out.name.emplace_back(*part);
    }
    const auto name_type = in.number<std::uint32_t>(), time = in.number<std::uint32_t>();
    const auto version = in.number<std::uint8_t>();
    const auto enctype = in.number<std::uint16_t>();
    const auto key = in.counted();
    if (!name_type || !time || !version || !enctype || !key) return std::nullopt;
    out.name_type = *name_type;
    out.time = *time;
    out.enctype = static_cast<std::int16_t>(*enctype);
    out.key = base::secret(std::string(*key));
    // Behind the key may stand the whole version, of which the byte is the end.
    const std::uint32_t whole = in.number<std::uint32_t>().value_or(0);
    out.version = whole != 0 ? whole : *version;
    return out;
}

winrm::error bad(const std::string& what) { return winrm::error{errc::bad_config, what}; }

} // namespace

std::string keytab_key::text() const
{
    std::string out;
    for (const base::bytes& part : name) out += (out.empty() ? "" : "/") + part;
    return out + '@' + realm;
}

result<std::vector<keytab_key>> parse_keytab(base::bytes_view file)
{
    if (file.size() > max_keytab) return bad("is larger than " + std::to_string(max_keytab) + " bytes");
    if (file.substr(0, version_mark.size()) != version_mark) return bad("is no keytab: it begins with other bytes");
    reader in{file.substr(version_mark.size())};
    std::vector<keytab_key> out;
    const auto damaged = [&] {
        return bad("is a damaged keytab, at byte " + std::to_string(file.size() - in.left.size()));
    };
    while (!in.left.empty()) {
        const auto size = in.number<std::int32_t>();
        if (!size) return damaged();
        if (*size == 0) break; // MIT's own reader ends here, too
        const std::uint64_t length =
            static_cast<std::uint64_t>(*size < 0 ? -static_cast<std::int64_t>(*size) : std::int64_t{*size});
        if (length > in.left.size()) return damaged();
        if (*size > 0) { // a negative size is the hole that a removed key left
            auto key = parse_record(in.left.substr(0, length));
            if (!key) return damaged();
            if (out.size() == max_keys) return bad("has more than " + std::to_string(max_keys) + " keys");
            out.push_back(std::move(*key));
        }
        in.left.remove_prefix(length);
    }
    return out;
}

std::vector<keytab_key> keys_of(std::vector<keytab_key> all, const std::vector<std::string>& services)
{
    if (services.empty()) return all;
    std::vector<keytab_key> out;
    for (keytab_key& key : all) {
        const bool wanted =
            key.name.size() == 2 && std::find(services.begin(), services.end(), key.name.front()) != services.end();
        if (wanted) out.push_back(std::move(key));
    }
    return out;
}

} // namespace winrm::auth::krb5
