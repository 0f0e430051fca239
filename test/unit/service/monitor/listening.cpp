#include "service/monitor/listening.h"

#include <gtest/gtest.h>

using namespace winrm;
using namespace winrm::service::monitor;

TEST(Listening, AddressesAreReadAsWritten)
{
    auto v4 = parse_listen("127.0.0.1:0"), v6 = parse_listen("[::1]:5986");
    ASSERT_TRUE(v4 && v6);
    EXPECT_EQ(*v4, (listen_address{"127.0.0.1", 0, true}));
    EXPECT_EQ(*v6, (listen_address{"::1", 5986, true}));
    for (const char* bad :
         {"", "127.0.0.1", "localhost:1", "::1:5", "127.0.0.1:65536", "127.0.0.1:-1", "[127.0.0.1", ":1"})
        EXPECT_FALSE(parse_listen(bad)) << bad;
}

TEST(Listening, OnlyLoopbackIsLoopback)
{
    for (const char* yes : {"127.0.0.1", "127.9.8.7", "::1"}) EXPECT_TRUE(is_loopback(yes)) << yes;
    for (const char* no : {"0.0.0.0", "::", "128.0.0.1", "10.0.0.1", "::ffff:127.0.0.1", "*", ""})
        EXPECT_FALSE(is_loopback(no)) << no;
}

TEST(Listening, PortZeroBecomesARealOneAndIsTakenThen)
{
    auto first = listen_on({"127.0.0.1", 0, true}, false);
    ASSERT_TRUE(first);
    EXPECT_NE(first->port, 0);
    EXPECT_EQ(first->shown, "127.0.0.1:" + std::to_string(first->port));
    auto second = listen_on({"127.0.0.1", first->port, true}, false);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), errc::bad_config);
}

TEST(Listening, FrontsShareAPort)
{
    auto first = listen_on({"127.0.0.1", 0, true}, true);
    ASSERT_TRUE(first);
    EXPECT_TRUE(listen_on({"127.0.0.1", first->port, true}, true));
}
