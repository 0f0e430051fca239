#include "service/front/peer_address.h"

#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace winrm::service::front {
namespace {

/// Address of the client as a server on `family` sees it, connected from IPv4 loopback or IPv6 loopback.
std::string seen(int server_family, int client_family)
{
    const io::unique_fd server{::socket(server_family, SOCK_STREAM, 0)};
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (server_family == AF_INET6) {
        auto* a = reinterpret_cast<sockaddr_in6*>(&storage);
        a->sin6_family = AF_INET6;
        a->sin6_addr = client_family == AF_INET6 ? in6addr_loopback : in6addr_any;
        size = sizeof *a;
        const int off = 0;
        ::setsockopt(server.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    } else {
        auto* a = reinterpret_cast<sockaddr_in*>(&storage);
        a->sin_family = AF_INET;
        a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        size = sizeof *a;
    }
    if (!server || ::bind(server.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) return "no ";
    ::listen(server.get(), 1);
    ::getsockname(server.get(), reinterpret_cast<sockaddr*>(&storage), &size);
    const io::unique_fd client{::socket(client_family, SOCK_STREAM, 0)};
    if (client_family == AF_INET && server_family == AF_INET6) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port;
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) return "no ";
    } else if (::connect(client.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) {
        return "no ";
    }
    const io::unique_fd accepted{::accept(server.get(), nullptr, nullptr)};
    return peer_address(accepted.get());
}

TEST(peer_address, shows_plain_numbers)
{
    EXPECT_EQ(seen(AF_INET, AF_INET), "127.0.0.1");
    const std::string mapped = seen(AF_INET6, AF_INET), six = seen(AF_INET6, AF_INET6);
    if (six == "no ") GTEST_SKIP() << "no IPv6 here";
    EXPECT_EQ(mapped, "127.0.0.1");
    EXPECT_EQ(six, "::1");
}

TEST(peer_address, unconnected_is_unknown)
{
    const io::unique_fd lonely{::socket(AF_INET, SOCK_STREAM, 0)};
    EXPECT_EQ(peer_address(lonely.get()), "unknown");
    EXPECT_EQ(peer_address(-1), "unknown");
}

} // namespace
} // namespace winrm::service::front
