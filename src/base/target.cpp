#include <winrm/target.h>

#include "base/text.h"

#include <algorithm>

#include <arpa/inet.h>

namespace winrm {
namespace {

constexpr std::size_t max_text = 2048;
constexpr std::size_t max_name = 253; // RFC 1035 2.3.4, as text

error bad(std::string why) { return {errc::bad_target, std::move(why)}; }

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_host_name(std::string_view text)
{
    return !text.empty() && text.size() <= max_name && is_alnum(text.front()) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '-' || c == '_'; });
}

bool is_v6(std::string_view text)
{
    const auto zone = text.find('%');
    const std::string address(text.substr(0, zone));
    in6_addr octets{};
    if (address.find('\0') != std::string::npos || ::inet_pton(AF_INET6, address.c_str(), &octets) != 1) return false;
    return zone == std::string_view::npos || is_host_name(text.substr(zone + 1));
}

// "user@" in front; a user may hold '@' itself (user@realm), so the last one divides.
result<void> take_user(std::string_view& text, target& t)
{
    const auto at = text.rfind('@');
    if (at == std::string_view::npos) return {};
    const std::string_view user = text.substr(0, at);
    if (user.empty()) return bad("there is no user name before the @");
    if (user.find(':') != std::string_view::npos) {
        return bad("a password must not stand in the host").with_remedy(remedy::leave_password_out);
    }
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(user.begin(), user.end(), control) || !base::is_utf8(user)) {
        return bad("the user name holds a control character or is not UTF-8");
    }
    t.user = user;
    text.remove_prefix(at + 1);
    return {};
}

result<void> take_port(std::string_view text, target& t)
{
    const auto value = base::parse_unsigned(text);
    if (!value || *value == 0 || *value > 65535) return bad("the port is not a number from 1 to 65535");
    t.port = static_cast<std::uint16_t>(*value);
    t.port_given = true;
    return {};
}

/// RFC 6874 section 2: in a URL the % before the zone is written %25. Many type it plainly, so both are taken.
std::string decode_zone(std::string_view address, bool is_url)
{
    std::string out(address);
    const auto sign = out.find("%25");
    // Outside of a URL "%25" and digits may be an interface by its number.
    const bool coded = sign != std::string::npos && sign + 3 < out.size() &&
                       (is_url || !std::all_of(out.begin() + static_cast<std::ptrdiff_t>(sign) + 3, out.end(),
                                               [](char c) { return c >= '0' && c <= '9'; }));
    if (coded) out.erase(sign + 1, 2);
    return out;
}

/// fe80::/10 (RFC 4291 section 2.5.6): the same address is on every network of a machine.
bool is_link_local(std::string_view address)
{
    const std::string four = base::lower(address.substr(0, address.find(':')));
    return four.size() == 4 && four.starts_with("fe") &&
           (four[2] == '8' || four[2] == '9' || four[2] == 'a' || four[2] == 'b');
}

/// What stands between the brackets.
result<std::string> read_v6(std::string_view text, bool is_url)
{
    std::string address = decode_zone(text, is_url);
    const auto sign = address.find('%');
    if (!is_v6(address)) {
        if (sign != std::string::npos && is_v6(address.substr(0, sign)))
            return bad("the network interface after the % of the IPv6 address is missing, or holds a character that no "
                       "interface's name can have");
        return bad("there is no IPv6 address in the brackets");
    }
    if (sign == std::string::npos && is_link_local(address))
        return bad("the address " + address + " is link-local and needs the network interface that leads to it: [" +
                   address + "%eth0], with the interface's name in place of eth0 (ip link lists them)");
    return address;
}

// name, name:port, [v6] or [v6]:port
result<void> take_host(std::string_view text, target& t)
{
    if (!text.empty() && text.front() == '[') {
        const auto close = text.find(']');
        if (close == std::string_view::npos) return bad("the bracket of the IPv6 address is not closed");
        auto address = read_v6(text.substr(1, close - 1), t.scheme_given);
        if (!address) return std::move(address).error();
        t.host = std::move(*address);
        text.remove_prefix(close + 1);
        if (text.empty()) return {};
        if (text.front() != ':') return bad("only :port may follow the bracket");
        return take_port(text.substr(1), t);
    }
    if (std::count(text.begin(), text.end(), ':') > 1)
        return bad("an IPv6 address needs brackets: [::1] or [::1]:5986");
    const auto colon = text.find(':');
    const std::string_view name = text.substr(0, colon);
    if (name.empty()) return bad("the host name is missing");
    if (!is_host_name(name)) return bad("the host name holds a character that no host name can have");
    t.host = name;
    if (colon == std::string_view::npos) return {};
    return take_port(text.substr(colon + 1), t);
}

// "http://" or "https://", and then a path may follow the host.
result<void> take_scheme_and_path(std::string_view& text, target& t)
{
    const auto sign = text.find("://");
    if (sign == std::string_view::npos) {
        if (text.find('/') != std::string_view::npos) return bad("a path needs a scheme: https://name:5986/wsman");
        return {};
    }
    const std::string scheme = base::lower(text.substr(0, sign));
    if (scheme != "http" && scheme != "https") return bad("the scheme is neither http nor https");
    t.tls = scheme == "https";
    t.scheme_given = true;
    text.remove_prefix(sign + 3);
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) return {};
    const std::string_view path = text.substr(slash);
    const auto visible = [](char c) { return c > 0x20 && c < 0x7F && c != '#' && c != '"' && c != '<' && c != '>'; };
    if (!std::all_of(path.begin(), path.end(), visible)) return bad("the path holds a character that no URL can have");
    if (path != "/") t.path = path;
    text = text.substr(0, slash);
    return {};
}

} // namespace

result<target> target::parse(std::string_view text)
{
    target t;
    if (text.size() > max_text) return bad("the host is longer than 2048 characters");
    if (auto done = take_scheme_and_path(text, t); !done) return done.error();
    if (auto done = take_user(text, t); !done) return done.error();
    if (auto done = take_host(text, t); !done) return done.error();
    if (!t.scheme_given && t.port_given) t.tls = t.port != 5985;
    if (!t.port_given) t.port = t.tls ? 5986 : 5985;
    return t;
}

target target::without_zone() const
{
    target t = *this;
    if (host.find(':') != std::string::npos) t.host.resize(std::min(host.size(), host.find('%')));
    return t;
}

std::string target::url() const
{
    const bool brackets = host.find(':') != std::string::npos;
    std::string out = tls ? "https://" : "http://";
    const std::size_t zone = brackets ? host.find('%') : std::string::npos;
    if (brackets) out += '[';
    out += host.substr(0, zone);
    if (zone != std::string::npos) out += "%25" + host.substr(zone + 1); // RFC 6874 section 2
    if (brackets) out += ']';
    return out + ':' + std::to_string(port) + path;
}

} // namespace winrm
