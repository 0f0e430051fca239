#include "net/connect.h"

#include "loopback_port.h"
#include "net/resolve.h"

#include <gtest/gtest.h>

#include <netdb.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace winrm;

std::optional<result<io::unique_fd>> connect(const std::string& host, std::uint16_t number,
                                             base::time_point deadline = base::time_point::max())
{
    io::loop loop;
    net::resolver names(loop);
    std::optional<result<io::unique_fd>> got;
    net::connect_operation op(names, host, number, deadline, [&](result<io::unique_fd> r) {
        EXPECT_FALSE(got) << "called twice";
        got.emplace(std::move(r));
    });
    EXPECT_FALSE(got) << "never from within the constructor";
    loop.run();
    return got;
}

TEST(connect, reaches_a_listening_port_by_address_and_by_name)
{
    const test::loopback_port p(test::listens::yes);
    std::vector<std::string> hosts{"127.0.0.1"};
    addrinfo* known = nullptr; // a container without /etc/hosts
    if (::getaddrinfo("localhost", nullptr, nullptr, &known) == 0) hosts.emplace_back("localhost");
    if (known != nullptr) ::freeaddrinfo(known);
    for (const std::string& host : hosts) {
        const auto got = connect(host, p.number);
        ASSERT_TRUE(got && *got) << host << ": " << got->error();
        const io::unique_fd accepted(::accept(p.fd.get(), nullptr, nullptr));
        EXPECT_TRUE(accepted);
    }
}

TEST(connect, refused_names_address_and_port)
{
    const test::loopback_port p(test::listens::no);
    const auto got = connect("127.0.0.1", p.number);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::connect);
    EXPECT_NE(got->error().message().find("127.0.0.1 port " + std::to_string(p.number) + " refuses"), std::string::npos)
        << got->error();
}

TEST(connect, unknown_name)
{
    const auto got = connect("no-such-host.invalid", 5986);
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::unresolved) << got->error();
    EXPECT_NE(got->error().message().find("no-such-host.invalid"), std::string::npos);
}

TEST(connect, s18_what_is_wrong_with_an_address_is_said_without_asking_a_name_server)
{
    const std::pair<const char*, const char*> rows[] = {
        {"fe80::1", "[fe80::1%eth0]"},
        {"fe80::1%nosuch0", "no network interface named nosuch0"},
        {"2001:db8::1%lo", "only a link-local"},
        {":::::", "no IPv6 address"},
    };
    for (const auto& [host, expected] : rows) {
        const auto got = connect(host, 5986);
        ASSERT_TRUE(got && !*got) << host;
        EXPECT_NE(got->error().message().find(expected), std::string::npos) << got->error();
        EXPECT_EQ(got->error().message().find("Invalid argument"), std::string::npos) << got->error();
    }
}

TEST(connect, a_deadline_that_has_passed_is_a_timeout)
{
    const test::loopback_port p(test::listens::yes);
    const auto got = connect("127.0.0.1", p.number, base::time_point::min());
    ASSERT_TRUE(got && !*got);
    EXPECT_EQ(got->error().code(), errc::timeout) << got->error();
}

TEST(connect, destroyed_is_never_called)
{
    const test::loopback_port p(test::listens::yes);
    io::loop loop;
    net::resolver names(loop);
    for (const char* host : {"127.0.0.1", "localhost"}) {
        auto op = std::make_unique<net::connect_operation>(names, host, p.number, base::time_point::max(),
                                                           [](result<io::unique_fd>) { FAIL(); });
        loop.post([&] { op.reset(); });
        loop.run();
    }
}

} // namespace
