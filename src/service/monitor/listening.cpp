#include "service/monitor/listening.h"

#include "base/text.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>

namespace winrm::service::monitor {
namespace {

socklen_t fill(const listen_address& where, sockaddr_storage& out)
{
    std::memset(&out, 0, sizeof out);
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (::inet_pton(AF_INET, where.address.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(where.port);
        std::memcpy(&out, &v4, sizeof v4);
        return sizeof v4;
    }
    const std::string address = where.address == "*" ? "::" : where.address;
    if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) return 0;
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(where.port);
    std::memcpy(&out, &v6, sizeof v6);
    return sizeof v6;
}

} // namespace

result<listening_socket> listen_on(const listen_address& where, bool shared)
{
    const bool bracket = where.address.find(':') != std::string::npos;
    std::string shown = bracket ? '[' + where.address + ']' : where.address;
    const auto refuse = [&] {
        const char* remedy = errno == EADDRINUSE ? " (another program has it; ss -ltnp shows which)" : "";
        return winrm::error{errc::bad_config, "cannot listen on " + shown + ':' + std::to_string(where.port) + ": " +
                                                  std::strerror(errno) + remedy};
    };
    listen_address asked = where;
    sockaddr_storage address{};
    socklen_t size = fill(asked, address);
    if (size == 0) return winrm::error{errc::bad_config, "\"" + where.address + "\" is not a numeric address"};
    io::unique_fd fd{::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd && where.address == "*" && errno == EAFNOSUPPORT) { // a machine without IPv6
        asked.address = "0.0.0.0";
        size = fill(asked, address);
        fd.reset(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    }
    if (!fd) return refuse();
    const int on = 1, v6_only = where.address == "*" ? 0 : 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) return refuse();
    if (address.ss_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(fd.get(), 512) != 0)
        return refuse();
    sockaddr_storage real{};
    socklen_t real_size = sizeof real;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&real), &real_size) != 0) return refuse();
    in_port_t port = 0; // at the same offset for both families
    std::memcpy(&port, reinterpret_cast<const char*>(&real) + offsetof(sockaddr_in, sin_port), sizeof port);
    shown += ':' + std::to_string(ntohs(port));
    return listening_socket{std::move(fd), std::move(shown), ntohs(port), where.tls};
}

bool is_loopback(const std::string& address)
{
    in_addr v4{};
    in6_addr v6{};
    if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == 127;
    return ::inet_pton(AF_INET6, address.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

result<listen_address> parse_listen(const std::string& text)
{
    constexpr std::uint64_t no_port = ~std::uint64_t{0};
    const std::size_t colon = text.rfind(':');
    const std::uint64_t port =
        colon == std::string::npos ? no_port : base::parse_unsigned(text.substr(colon + 1)).value_or(no_port);
    std::string address = text.substr(0, colon);
    if (address.size() > 1 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    else if (address.find(':') != std::string::npos) address.clear();
    in6_addr any{};
    const bool numeric =
        ::inet_pton(AF_INET, address.c_str(), &any) == 1 || ::inet_pton(AF_INET6, address.c_str(), &any) == 1;
    if (port > 65'535 || !numeric)
        return winrm::error{errc::bad_argument,
                            "\"" + base::printable(text) + "\" is not ADDRESS:PORT, as 127.0.0.1:5986 or [::1]:0"};
    return listen_address{address, static_cast<std::uint16_t>(port), true};
}

} // namespace winrm::service::monitor
