#include "http/location.h"

#include <gtest/gtest.h>

using namespace winrm;

TEST(location, parts_of_addresses_and_of_what_breaks_the_rules)
{
    struct row
    {
        const char *location, *scheme, *login, *address, *rest;
    };
    for (const row& r : {
             row{"https://web2/x?t=1", "https://", "", "web2/x", "?t=1"},
             row{"https://ada:pw@web2:443/", "https://", "ada:pw", "web2:443/", ""},
             row{"//web2#top", "//", "", "web2", "#top"},
             row{"/wsman;v=1", "", "", "/wsman", ";v=1"},
             row{"https://a:p;w@[::1]:443/x", "https://", "a:p;w", "[::1]:443/x", ""},
             row{"", "", "", "", ""},
             row{"ada:pw@web2/", "", "ada:pw", "web2/", ""},
             row{"https://ada:p/w@web2/x", "", "https://ada:p/w", "web2/x", ""},
             row{"https:\\\\ada:pw@web2", "", "https:\\\\ada:pw", "web2", ""},
         }) {
        SCOPED_TRACE(r.location);
        const auto p = http::split_location(r.location);
        EXPECT_EQ(p.scheme, r.scheme);
        EXPECT_EQ(p.login, r.login);
        EXPECT_EQ(p.address, r.address);
        EXPECT_EQ(p.rest, r.rest);
    }
}
