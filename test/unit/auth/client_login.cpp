#include "auth/client_login.h"

#include <gtest/gtest.h>

namespace winrm::auth {
namespace {

TEST(client_login, basic_has_no_legs_and_leaves_bodies_alone)
{
    basic_login ada{"ada", "p:w"};
    EXPECT_EQ(ada.scheme(), "Basic");
    EXPECT_EQ(ada.authorization(), "Basic YWRhOnA6dw==");
    EXPECT_FALSE(ada.blocks());
    EXPECT_EQ(ada.step({}).state, leg_state::failed);
    message m{"<a/>", "application/soap+xml"};
    EXPECT_TRUE(ada.seal(m) && ada.unseal(m) && !ada.seals());
    EXPECT_EQ(m.body, "<a/>");
    EXPECT_EQ(m.type, "application/soap+xml");
}

} // namespace
} // namespace winrm::auth
