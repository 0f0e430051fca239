// One request waited for, against a port where nobody answers.
#include "cli/blocking_session.h"
#include "cli/remedy.h"

#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

using namespace winrm;

namespace {

/// Takes connections, and says nothing.
class silent_host
{
public:
    silent_host() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* address = reinterpret_cast<sockaddr*>(&any);
        socklen_t size = sizeof any;
        EXPECT_EQ(::bind(listener_.get(), address, size), 0);
        EXPECT_EQ(::listen(listener_.get(), 8), 0);
        EXPECT_EQ(::getsockname(listener_.get(), address, &size), 0);
        options_.host.host = "127.0.0.1";
        options_.host.port = ntohs(any.sin_port);
        options_.host.tls = false;
    }
    remote::session_options& options() { return options_; }

private:
    io::unique_fd listener_;
    remote::session_options options_;
};

wsman::outgoing_request get_config()
{
    wsman::outgoing_request r;
    r.header.action = wsman::action::get;
    r.header.resource_uri = wsman::resource_uri::config;
    return r;
}

constexpr base::milliseconds whole{20'000};

} // namespace

TEST(Ask, WhatHttpCannotCarryIsRefusedAtOnce)
{
    silent_host host;
    host.options().user_agent = "line\r\nend";
    cli::blocking_session asks(host.options(), whole, whole);
    for (int i = 0; i < 2; ++i) {
        const auto got = asks.ask(get_config());
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), errc::bad_argument) << got.error().message();
    }
    const auto identified = asks.identify();
    ASSERT_FALSE(identified);
    EXPECT_EQ(identified.error().code(), errc::bad_argument) << identified.error().message();
}

TEST(Ask, OneRequestMayHaveALimitOfItsOwn)
{
    silent_host host;
    cli::blocking_session asks(host.options(), base::milliseconds(0), {}); // no other limit
    const auto got = asks.ask(get_config(), base::milliseconds(50));
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), errc::timeout);
    EXPECT_EQ(got.error().message(), "the host did not answer within 0.05 s");
}

TEST(Ask, TheLimitOfAllIsNamedAsItWasGiven)
{
    silent_host host;
    cli::blocking_session asks(host.options(), base::milliseconds(50), base::milliseconds(2'500));
    const auto got = asks.ask(get_config());
    ASSERT_FALSE(got);
    EXPECT_EQ(cli::with_remedies(got.error()),
              "the host did not answer within the time limit of 2.5 s (--timeout raises it)");
}
