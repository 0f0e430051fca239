#include "cli/settings.h"

#include <gtest/gtest.h>

using namespace winrm::cli;

namespace {

std::vector<config_file> files(const std::string& text)
{
    auto parsed = parse_config(text, "f");
    if (!parsed) {
        ADD_FAILURE() << parsed.error().message();
        return {};
    }
    return {*parsed};
}

settings merged(options o, const std::string& text = {})
{
    auto s = merge_settings(o, files(text));
    if (!s) {
        ADD_FAILURE() << s.error().message();
        return {};
    }
    return *s;
}

options host(const std::string& name)
{
    options o;
    o.host = name;
    return o;
}

} // namespace

TEST(Settings, Defaults)
{
    const auto s = merged(host("web1"));
    EXPECT_EQ(s.where().url(), "https://web1:5986/wsman");
    EXPECT_EQ(s.auth.value, "negotiate");
    EXPECT_EQ(s.encrypt.value, "auto");
    EXPECT_FALSE(s.delegate.value);
    EXPECT_EQ(s.ntlm_trust(), "");
    EXPECT_EQ(s.code_page.value, 65001U);
    EXPECT_EQ(s.port.from, "default");
    EXPECT_EQ(s.timeout.value.count(), 0);
}

TEST(Settings, AliasLeadsToTheRealHost)
{
    const auto s = merged(host("w"), "[host.w]\nhost = \"web1.example\"\nport = 15986\nuser = \"ada\"\n");
    EXPECT_EQ(s.where().url(), "https://web1.example:15986/wsman");
    EXPECT_EQ(s.name, "w");
    EXPECT_EQ(s.user.value, "ada");
    EXPECT_EQ(merged(host("six"), "[host.six]\nhost = \"::1\"\n").where().url(), "https://[::1]:5986/wsman");
}

TEST(Settings, CommandLineBeforeFile)
{
    auto o = host("bob@w:7777");
    const std::string text = "[host.w]\nport = 1\nuser = \"ada\"\ntimeout = 5\nca = \"/f\"\ncode_page = 437\n";
    auto s = merged(o, text);
    EXPECT_EQ(s.port.value, 7777);
    EXPECT_EQ(s.user.value, "bob");
    EXPECT_EQ(s.timeout.from, "f:4");
    EXPECT_EQ(s.code_page.value, 437U);
    o.user = "eve";
    o.ca = "/c";
    o.timeout = winrm::base::milliseconds(1);
    o.code_page = 0;
    s = merged(o, text);
    EXPECT_EQ(s.user.value, "eve");
    EXPECT_EQ(s.ca.value, "/c");
    EXPECT_EQ(s.ca.from, "command line");
    EXPECT_EQ(s.timeout.value.count(), 1);
    EXPECT_EQ(s.code_page.value, 0U);
}

TEST(Settings, SchemeAndPortGoTogether)
{
    EXPECT_EQ(merged(host("w"), "[defaults]\nscheme = \"http\"\n").where().url(), "http://w:5985/wsman");
    EXPECT_EQ(merged(host("w"), "[defaults]\nport = 5985\n").where().url(), "http://w:5985/wsman");
    EXPECT_EQ(merged(host("w"), "[defaults]\nport = 5985\nscheme = \"https\"\n").where().url(), "https://w:5985/wsman");
    EXPECT_EQ(merged(host("https://w"), "[defaults]\nscheme = \"http\"\n").where().url(),
              "https://w:5986/wsman"); // no silent way down
    EXPECT_EQ(merged(host("w:5985")).where().url(), "http://w:5985/wsman");
    EXPECT_EQ(merged(host("http://w")).where().url(), "http://w:5985/wsman");
}

TEST(Settings, LoginSchemeInAnyCase)
{
    auto o = host("w");
    EXPECT_EQ(merged(o, "[defaults]\nauth = \"Basic\"\n").auth.value, "basic");
    o.auth = "BASIC";
    EXPECT_EQ(merged(o).auth.value, "basic");
}

TEST(Settings, LoginOptionsAndKeys)
{
    const std::string text =
        "[defaults]\nauth = \"kerberos\"\nkeytab = \"/k\"\nservice_name = \"host\"\ndelegate = true\n"
        "encrypt = \"always\"\n";
    auto s = merged(host("w"), text);
    EXPECT_EQ(s.auth.value, "kerberos");
    EXPECT_EQ(s.keytab.value, "/k");
    EXPECT_EQ(s.service_name.value, "host");
    EXPECT_TRUE(s.delegate.value);
    EXPECT_EQ(s.encrypt.value, "always");
    auto o = host("w");
    o.auth = "NTLM";
    o.keytab = "mine";
    o.service_name = "HTTP/w:5985";
    o.encrypt = "auto";
    s = merged(o, text);
    EXPECT_EQ(s.auth.value, "ntlm");
    EXPECT_EQ(s.keytab.value, "mine");
    EXPECT_EQ(s.service_name.value, "HTTP/w:5985");
    EXPECT_EQ(s.encrypt.value, "auto");
    EXPECT_NE(show(s).find("delegate = true"), std::string::npos);
}

TEST(Settings, UsersOfADomain)
{
    EXPECT_EQ(merged(host("ada@CORP.EXAMPLE@web1")).user.value, "ada@CORP.EXAMPLE");
    EXPECT_EQ(merged(host("ada@CORP.EXAMPLE@web1")).host.value, "web1");
    EXPECT_EQ(merged(host("CORP\\ada@web1:5985")).user.value, "CORP\\ada");
    EXPECT_EQ(merged(host("https://ada@CORP.EXAMPLE@web1/wsman")).user.value, "ada@CORP.EXAMPLE");
    auto o = host("bob@web1");
    o.user = "ada@CORP.EXAMPLE";
    EXPECT_EQ(merged(o).user.value, "ada@CORP.EXAMPLE");
}

TEST(Settings, TransportIsOpenWhereNothingSaysIt)
{
    EXPECT_TRUE(merged(host("w")).transport_open());
    EXPECT_TRUE(merged(host("ada@w"), "[host.w]\nhost = \"web1\"\npath = \"/x\"\n").transport_open());
    for (const char* typed : {"w:5986", "w:5985", "https://w", "http://w", "w:1"})
        EXPECT_FALSE(merged(host(typed)).transport_open()) << typed;
    for (const char* key : {"port = 5986", "port = 5985", "scheme = \"https\"", "scheme = \"http\""})
        EXPECT_FALSE(merged(host("w"), std::string("[defaults]\n") + key + "\n").transport_open()) << key;
}

TEST(Settings, HostsTrustedForNtlm)
{
    const std::string text =
        "[defaults]\ntrusted_for_ntlm = [\"web1\", \"*.lab\", \"10.0.0.?\"]\n[host.w]\nhost = \"10.0.0.7\"\n";
    EXPECT_EQ(merged(host("web1"), text).ntlm_trust(), "web1");
    EXPECT_EQ(merged(host("WEB2.lab"), text).ntlm_trust(), "*.lab");
    EXPECT_EQ(merged(host("w"), text).ntlm_trust(), "10.0.0.?"); // by what it is connected to
    EXPECT_EQ(merged(host("web2"), text).ntlm_trust(), "");
    EXPECT_EQ(merged(host("w"), "[host.w]\nhost = \"h\"\ntrusted_for_ntlm = \"w\"\n").ntlm_trust(), "w");
    EXPECT_EQ(
        merged(host("w"), "[host.w]\ntrusted_for_ntlm = []\n[defaults]\ntrusted_for_ntlm = [\"*\"]\n").ntlm_trust(),
        "");
    EXPECT_NE(show(merged(host("x"), text)).find("trusted_for_ntlm = web1, *.lab, 10.0.0.? "), std::string::npos);
}

TEST(Settings, PathOfTheFile)
{
    EXPECT_EQ(merged(host("w"), "[defaults]\npath = \"/other\"\n").where().url(), "https://w:5986/other");
    EXPECT_EQ(merged(host("https://w/mine"), "[defaults]\npath = \"/other\"\n").where().url(), "https://w:5986/mine");
    EXPECT_FALSE(merge_settings(host("w"), files("[defaults]\npath = \"other\"\n")));
    for (const char* path : {"/ws man", "/wsm\u00e4n", "/ws\\tman", "/ws#man", "/ws<man>"}) {
        const auto s = merge_settings(host("w"), files(std::string("[defaults]\npath = \"") + path + "\"\n"));
        ASSERT_FALSE(s) << path;
        EXPECT_EQ(s.error().code(), winrm::errc::bad_config);
        EXPECT_EQ(s.error().message(), "f:2: the path holds a character that no URL can have");
    }
}

TEST(Settings, BadHostsAndAliases)
{
    EXPECT_FALSE(merge_settings(host("a:b:c"), {}));
    EXPECT_FALSE(merge_settings(host("user:secret@web1"), {}));
    EXPECT_EQ(merge_settings(host("a:b:c"), {}).error().message(),
              "an IPv6 address needs brackets: [::1] or [::1]:5986"); // whoever prints it says which host
    for (const char* alias : {"u@web1", "https://web1", "web1:5986"}) {
        const auto s = merge_settings(host("w"), files(std::string("[host.w]\nhost = \"") + alias + "\"\n"));
        ASSERT_FALSE(s) << alias;
        EXPECT_EQ(s.error().message().rfind("f:2: ", 0), 0U) << s.error().message();
    }
}

TEST(Settings, HostIsShownWithoutWhatStandsBeforeTheAt)
{
    EXPECT_EQ(shown_host(host("web1")), "web1");
    EXPECT_EQ(shown_host(host("joe@web1:8080")), "web1");
    for (const char* typed : {"joe:s3cret@web1", "joe:s3@cret@web1", "https://joe:s3cret@web1", "joe:s3/cret@web1"})
        EXPECT_EQ(shown_host(host(typed)), "web1") << typed;
    EXPECT_EQ(shown_host(host("https://joe:1/s3cret@web1")), "joe"); // read as a host with port and path
    EXPECT_EQ(shown_host(host("joe:s3cret@")), "");
    EXPECT_EQ(shown_host(host("a:b:c")), "a:b:c");
}

TEST(Settings, ShowSaysWhereFrom)
{
    auto o = host("w");
    o.allow_unencrypted = true;
    const auto text = show(merged(o, "[host.w]\nuser = \"ada\"\n"));
    EXPECT_NE(text.find("user = ada"), std::string::npos);
    EXPECT_NE(text.find("# f:2\n"), std::string::npos);
    EXPECT_NE(text.find("allow_unencrypted = true"), std::string::npos);
    EXPECT_NE(text.find("# command line\n"), std::string::npos);
    EXPECT_NE(show_json(merged(o)).find(R"("port":{"value":"5986","from":"default"})"), std::string::npos);
}
