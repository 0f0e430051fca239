#include "service/wire/source_network.h"

#include <gtest/gtest.h>

using winrm::service::wire::source_network;

namespace {

TEST(SourceNetwork, Ipv6IsCountedByNetworkAndEverythingElseAsItIs)
{
    EXPECT_EQ(source_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(source_network("192.0.2.7"), "192.0.2.7");
    EXPECT_EQ(source_network("unknown"), "unknown");
}

} // namespace
