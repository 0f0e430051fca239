#include <winrm/target.h>

#include <gtest/gtest.h>

using namespace winrm;

TEST(target, what_people_type)
{
    struct row
    {
        const char *text, *user, *url;
    };
    const row rows[] = {
        {"web1", "", "https://web1:5986/wsman"},
        {"web1.example.com", "", "https://web1.example.com:5986/wsman"},
        {"ada@web1", "ada", "https://web1:5986/wsman"},
        {"ada@corp.example@web1", "ada@corp.example", "https://web1:5986/wsman"},
        {"CORP\\ada@web1:443", "CORP\\ada", "https://web1:443/wsman"},
        {"web1:5985", "", "http://web1:5985/wsman"},
        {"https://web1:5985", "", "https://web1:5985/wsman"},
        {"http://web1", "", "http://web1:5985/wsman"},
        {"HTTPS://web1/", "", "https://web1:5986/wsman"},
        {"https://ada@web1:5986/wsman?x=1", "ada", "https://web1:5986/wsman?x=1"},
        {"192.0.2.7", "", "https://192.0.2.7:5986/wsman"},
        {"[2001:db8::7]", "", "https://[2001:db8::7]:5986/wsman"},
        {"[::1]:5985", "", "http://[::1]:5985/wsman"},
        {"[fe80::1%eth0]:5986", "", "https://[fe80::1%25eth0]:5986/wsman"},
        {"my_host-2", "", "https://my_host-2:5986/wsman"},
    };
    for (const row& r : rows) {
        const auto t = target::parse(r.text);
        ASSERT_TRUE(t) << r.text << ": " << t.error().message();
        EXPECT_EQ(t->user, r.user) << r.text;
        EXPECT_EQ(t->url(), r.url) << r.text;
    }
}

TEST(target, says_what_was_given)
{
    EXPECT_FALSE(target::parse("web1")->port_given);
    EXPECT_FALSE(target::parse("web1")->scheme_given);
    EXPECT_TRUE(target::parse("web1:5986")->port_given);
    EXPECT_TRUE(target::parse("http://web1")->scheme_given);
}

TEST(target, the_zone_of_an_address_stays_here)
{
    const struct
    {
        const char *text, *url;
    } rows[] = {
        {"[fe80::1%eth0]", "https://[fe80::1]:5986/wsman"},
        {"[::1]:5985", "http://[::1]:5985/wsman"},
        {"web1", "https://web1:5986/wsman"},
    };
    for (const auto& r : rows) EXPECT_EQ(target::parse(r.text)->without_zone().url(), r.url) << r.text;
    EXPECT_EQ(target::parse("[fe80::1%eth0]")->host, "fe80::1%eth0") << "to connect with";
}

TEST(target, s18_a_zone_as_a_url_writes_it_and_as_people_do)
{
    const struct
    {
        const char *text, *host;
    } rows[] = {
        {"https://[fe80::1%25eth0]:5986/wsman", "fe80::1%eth0"},
        {"https://[fe80::1%eth0]:5986/wsman", "fe80::1%eth0"},
        {"[fe80::1%25eth0]", "fe80::1%eth0"},
        {"ada@[FE80::1%br-lan.7]:5985", "FE80::1%br-lan.7"},
        {"https://[fe80::1%252]", "fe80::1%2"}, // an interface's number
        {"[fe80::1%252]", "fe80::1%252"},       // no URL
        {"[fe80::1%25]", "fe80::1%25"},
        {"[fe80::1%2]", "fe80::1%2"},
        {"[fec0::1]", "fec0::1"},
        {"[fe8::1]", "fe8::1"},
    };
    for (const auto& r : rows) {
        const auto t = target::parse(r.text);
        ASSERT_TRUE(t) << r.text << ": " << t.error();
        EXPECT_EQ(t->host, r.host) << r.text;
        EXPECT_EQ(target::parse(t->url())->host, t->host) << r.text;
    }
}

TEST(target, s18_a_link_local_address_without_its_interface_says_what_is_missing)
{
    for (const char* text : {"[fe80::1]:5986", "https://[FE80::1]/wsman", "[febf:1::2]"}) {
        const auto t = target::parse(text);
        ASSERT_FALSE(t) << text;
        EXPECT_NE(t.error().message().find("%eth0]"), std::string::npos) << t.error();
    }
    for (const char* text : {"[fe80::1%]", "https://[fe80::1%e/h0]", "[fe80::1%et h0]"}) {
        const auto t = target::parse(text);
        ASSERT_FALSE(t) << text;
    }
    EXPECT_NE(target::parse("[fe80::1%]").error().message().find("interface"), std::string::npos);
}

TEST(target, what_is_refused)
{
    const std::string rows[] = {"",
                                "@web1",
                                "ada@",
                                "web1:",
                                "web1:0",
                                "web1:65536",
                                "web1:x",
                                "ftp://web1",
                                "http://",
                                "https:///x",
                                "web1/wsman",
                                "::1",
                                "[::1",
                                "[::1]x",
                                "[web1]",
                                "[]",
                                "[:::::]",
                                "[1:2]",
                                "[::1:2:3:4:5:6:7:8:9]",
                                "[::12345]",
                                std::string("[::1\0]", 6),
                                "we b1",
                                "web1\n",
                                "-oProxy",
                                "ada:pw@web1",
                                "https://a:b@web1",
                                "web1;id",
                                "w%65b1",
                                "[::1%]",
                                "ad\x01@x",
                                "\xFF@web1",
                                "https://web1/a b",
                                "https://web1/\r\nHost:x",
                                std::string(300, 'a'),
                                std::string(3000, 'a'),
                                std::string("web1\0", 5)};
    for (const std::string& r : rows) {
        const auto t = target::parse(r);
        ASSERT_FALSE(t) << r;
        EXPECT_EQ(t.error().code(), errc::bad_target);
        EXPECT_FALSE(t.error().message().empty());
    }
    EXPECT_EQ(target::parse("ada:secret@web1").error().message().find("secret"), std::string::npos);
}
