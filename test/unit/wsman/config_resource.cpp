#include "wsman/config_resource.h"

#include <gtest/gtest.h>

using namespace winrm;

namespace {

result<wsman::config_resource> read(const std::string& text)
{
    const auto d = xml::document::parse(text, base::limits{});
    if (!d) return d.error();
    return wsman::read_config(&d->root());
}

} // namespace

TEST(config_resource, comes_back)
{
    wsman::config_resource c;
    c.max_envelope_size_kb = 150;
    c.max_timeout_ms = 61'000;
    c.auth_basic = true;
    c.idle_timeout_ms = 9'000'000'000;
    c.max_shells_per_user = 7;
    c.https_port = 443;
    std::string text;
    xml::writer w(text);
    wsman::write_config(w, c);
    const auto got = read(text);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->max_envelope_size_kb, 150U);
    EXPECT_EQ(got->max_timeout_ms, 61'000U);
    EXPECT_TRUE(got->auth_basic);
    EXPECT_FALSE(got->auth_kerberos);
    EXPECT_EQ(got->idle_timeout_ms, 9'000'000'000U);
    EXPECT_EQ(got->max_shells_per_user, 7U);
    EXPECT_EQ(got->https_port, 443);
    // Ruby's client searches for this text.
    EXPECT_NE(text.find("<cfg:MaxEnvelopeSizekb>150</cfg:MaxEnvelopeSizekb>"), std::string::npos);
}

TEST(config_resource, what_a_host_leaves_out_keeps_its_default)
{
    const auto got =
        read("<c:Config xmlns:c='http://schemas.microsoft.com/wbem/wsman/1/config'><c:MaxEnvelopeSizekb>\n 150 "
             "</c:MaxEnvelopeSizekb>"
             "<c:MaxTimeoutms>99999999999</c:MaxTimeoutms><c:Service><c:Auth><c:Basic>maybe</c:Basic></c:Auth></"
             "c:Service></c:Config>");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->max_envelope_size_kb, 150U);
    EXPECT_EQ(got->max_timeout_ms, 60'000U); // does not fit
    EXPECT_FALSE(got->auth_basic);
    EXPECT_EQ(got->max_connections, 300U);
}

TEST(config_resource, something_else_is_an_error)
{
    EXPECT_EQ(read("<Config/>").error().code(), errc::protocol);
    EXPECT_EQ(wsman::read_config(nullptr).error().code(), errc::protocol);
}
