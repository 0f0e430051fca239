#include "service/monitor/config.h"

#include "unit/service/monitor/temp_file.h"

#include <gtest/gtest.h>

#include <pwd.h>
#include <unistd.h>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

constexpr const char* tls = "certificate = \"/c.pem\"\nkey = \"/k.pem\"\n";

std::string problems_of(const std::string& text)
{
    std::string all;
    for (const config_problem& p : parse_config(text, "f").problems) all += p.where + ": " + p.what + '\n';
    return all;
}

TEST(Config, ATestServiceTakesLimitsAndLogLevelOnly)
{
    const auto good =
        parse_config("log_level = \"debug\"\n[limits]\nmax_shells_per_user = 2\n", "f", config_scope::limits_only);
    ASSERT_TRUE(good.problems.empty()) << good.problems[0].what;
    EXPECT_EQ(good.values.limits.max_shells_per_user, 2u);
    EXPECT_EQ(good.values.log_level, base::log_level::debug);
    EXPECT_TRUE(parse_config("", "f", config_scope::limits_only).problems.empty());
    for (const char* text :
         {"fronts = 2\npermit_root = true\n", "certificate = \"/c\"\n", "[[listen]]\nport = 1\n", "limit = 1\n"}) {
        const auto bad = parse_config(text, "f", config_scope::limits_only);
        ASSERT_EQ(bad.problems.size(), 1u) << text;
        EXPECT_EQ(bad.problems[0].where, "f:1");
        EXPECT_NE(bad.problems[0].what.find("--test-server"), std::string::npos);
    }
    EXPECT_EQ(parse_config("[limits]\nmax_shells_per_user = 0\nmax_shell = 1\n", "f", config_scope::limits_only)
                  .problems.size(),
              2u);
}

TEST(Config, DefaultsAreSafeAndFinite)
{
    const auto c = parse_config(tls, "f");
    ASSERT_TRUE(c.problems.empty()) << c.problems[0].what;
    ASSERT_EQ(c.values.listen.size(), 1u);
    EXPECT_EQ(c.values.listen[0], (listen_address{"*", 5986, true}));
    EXPECT_FALSE(c.values.allow_unencrypted);
    EXPECT_FALSE(c.values.permit_root);
    EXPECT_EQ(c.values.pam_service, "winrmd");
    EXPECT_GT(c.values.limits.max_shells_per_user, 0u);
    EXPECT_GT(c.values.limits.max_users, 0u);
}

TEST(Config, EverythingCanBeSet)
{
    const auto c = parse_config(std::string{tls} + R"(
pam_service = "other"
user_file = "/u"
allow_groups = ["a", "b"]
permit_root = true
allow_unencrypted = true
fronts = 2
log_level = "debug"
[[listen]]
address = "127.0.0.1"
port = 5985
tls = false
[[listen]]
address = "::1"
[limits]
max_shells_per_user = 3
max_envelope_kb = 1024
)",
                                "f");
    ASSERT_TRUE(c.problems.empty()) << c.problems[0].what;
    const settings& s = c.values;
    EXPECT_EQ(s.pam_service, "other");
    EXPECT_EQ(s.user_file, "/u");
    EXPECT_EQ(s.allow_groups, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(s.permit_root && s.allow_unencrypted);
    EXPECT_EQ(s.fronts, 2u);
    EXPECT_EQ(s.log_level, base::log_level::debug);
    EXPECT_EQ(s.listen, (std::vector<listen_address>{{"127.0.0.1", 5985, false}, {"::1", 5986, true}}));
    EXPECT_EQ(s.limits.max_shells_per_user, 3u);
    EXPECT_EQ(s.limits.max_envelope_kb, 1024u);
}

TEST(Config, UnknownKeysGetALineAndANearName)
{
    EXPECT_EQ(problems_of(std::string{tls} + "allow_unencripted = true\n"),
              "f:3: unknown key \"allow_unencripted\"; did you mean \"allow_unencrypted\"?\n");
    EXPECT_EQ(problems_of(std::string{tls} + "[limits]\nmax_shels_per_user = 1\n"),
              "f:4: unknown key \"max_shels_per_user\"; did you mean \"max_shells_per_user\"?\n");
    EXPECT_EQ(problems_of(std::string{tls} + "[[listen]]\nprt = 1\n"),
              "f:4: unknown key \"prt\"; did you mean \"port\"?\n");
    EXPECT_EQ(problems_of(std::string{tls} + "zzzzzzzzzz = 1\n"), "f:3: unknown key \"zzzzzzzzzz\"\n");
}

TEST(Config, WrongTypesAndRangesGetTheirLine)
{
    const std::pair<const char*, const char*> rows[] = {
        {"fronts = 0", "f:3: fronts must be a whole number from 1 to 64\n"},
        {"fronts = \"2\"", "f:3: fronts must be a whole number from 1 to 64\n"},
        {"permit_root = 1", "f:3: permit_root must be true or false\n"},
        {"user_file = 5", "f:3: user_file must be a string in quotes\n"},
        {"allow_groups = \"x\"", "f:3: allow_groups must be an array of group names, as [\"winrm\"]\n"},
        {"log_level = \"loud\"", "f:3: log_level must be \"debug\", \"info\", \"warning\" or \"error\"\n"},
        {"[[listen]]\nport = 70000", "f:4: port must be a whole number from 1 to 65535\n"},
        {"[[listen]]\naddress = \"host\"", "f:4: address must be a numeric IPv4 or IPv6 address, or \"*\" for all\n"},
        {"[limits]\nmax_envelope_kb = 31", "f:4: max_envelope_kb must be a whole number from 32 to 65536\n"},
    };
    for (const auto& [line, expected] : rows) EXPECT_EQ(problems_of(std::string{tls} + line), expected) << line;
}

TEST(Config, WhatIsNotTomlGetsItsLine) { EXPECT_EQ(problems_of("a = 1\nb = = 2\n").substr(0, 14), "f:2: not TOML:"); }

TEST(Config, S4_PlainHttpWithPasswordsNeedsALoudWord)
{
    const std::string plain = std::string{tls} + "[[listen]]\ntls = false\n";
    EXPECT_NE(problems_of(plain).find("allow_unencrypted"), std::string::npos);
    EXPECT_EQ(problems_of("allow_unencrypted = true\n[[listen]]\ntls = false\n"), "");
}

TEST(Config, TlsNeedsItsFilesAndAnEmptyGroupListLetsNobodyIn)
{
    EXPECT_EQ(problems_of("").substr(0, 18), "f: a listener with");
    EXPECT_EQ(problems_of("\n[[listen]]\naddress = \"::1\"\n").substr(0, 20), "f:2: a listener with");
    EXPECT_EQ(problems_of("\ncertificate = \"/c\"\n").substr(0, 28), "f:2: certificate needs key =");
    EXPECT_EQ(problems_of("\nkey = \"/c\"\n").substr(0, 28), "f:2: key needs certificate =");
    EXPECT_EQ(problems_of(std::string{tls} + "allow_groups = []\n").substr(0, 22), "f:3: allow_groups = []");
    for (const char* bad : {"", "../x", ".", ".."})
        EXPECT_EQ(problems_of(std::string{tls} + "pam_service = \"" + bad + "\"\n").substr(0, 21),
                  "f:3: pam_service must");
    EXPECT_EQ(problems_of(std::string{tls} + "auth_basic = false\n").substr(0, 23), "f:3: auth_basic = false");
}

TEST(Config, AListenerWithoutTlsIsToldByItsLine)
{
    const std::string got =
        problems_of(std::string{tls} + "[[listen]]\naddress = \"::1\"\n[[listen]]\nport = 1\ntls = false\n");
    EXPECT_EQ(got.substr(0, 14), "f:7: a listene") << got;
}

TEST(Config, AnAddressAndPortIsListedOnce)
{
    const auto two = [](const std::string& one, const std::string& other) {
        return problems_of(std::string{tls} + "[[listen]]\naddress = \"" + one + "\"\n[[listen]]\naddress = \"" +
                           other + "\"\n");
    };
    const std::string said = two("127.0.0.1", "127.0.0.1");
    EXPECT_EQ(said.substr(0, 5), "f:6: ") << said;
    EXPECT_NE(said.find("line 3"), std::string::npos) << said;
    for (const auto& [one, other] :
         {std::pair{"*", "127.0.0.1"}, std::pair{"::1", "*"}, std::pair{"0.0.0.0", "127.0.0.1"}, std::pair{"::", "::1"},
          std::pair{"::1", "0:0:0:0:0:0:0:1"}})
        EXPECT_EQ(two(one, other).substr(0, 5), "f:6: ") << one << ' ' << other;
    for (const auto& [one, other] : {std::pair{"127.0.0.1", "127.0.0.2"}, std::pair{"::", "0.0.0.0"},
                                     std::pair{"::1", "127.0.0.1"}, std::pair{"::1", "::2"}})
        EXPECT_EQ(two(one, other), "") << one << ' ' << other;
    EXPECT_EQ(problems_of(std::string{tls} + "[[listen]]\n[[listen]]\nport = 5987\n"), "");
    EXPECT_EQ(problems_of(std::string{tls} + "[[listen]]\nport = 7\n[[listen]]\nport = 7\n").substr(0, 5), "f:6: ");
    EXPECT_EQ(problems_of(std::string{tls} + "[[listen]]\n[[listen]]\n").substr(0, 5), "f:4: ");
}

TEST(Config, LoginsByTokensAreOnWhereTheirFilesAre)
{
    const auto schemes = [](const std::string& text, const found_files& found) {
        std::string all;
        for (const std::string& name :
             parse_config(tls + text, "f", config_scope::everything, found).values.auth.schemes())
            all += name + ' ';
        return all;
    };
    const found_files both{"/etc/krb5.keytab", "/etc/winrmd/ntlm_accounts"};
    EXPECT_EQ(schemes("", {}), "");
    EXPECT_EQ(schemes("", both), "Negotiate Kerberos NTLM ");
    EXPECT_EQ(schemes("", {"/k", ""}), "Negotiate Kerberos ");
    EXPECT_EQ(schemes("[auth]\nkeytab = \"/own\"\n", {}), "Negotiate Kerberos ");
    EXPECT_EQ(schemes("[auth]\nntlm_accounts = \"/own\"\nkerberos = false\n", both), "Negotiate NTLM ");
    EXPECT_EQ(schemes("[auth]\nwinbind = true\n", {}), "Negotiate NTLM ");
    EXPECT_EQ(schemes("[auth]\nwinbind = true\nntlm = true\nkerberos = false\n", both), "Negotiate NTLM ");
    EXPECT_EQ(schemes("[auth]\nnegotiate = false\nntlm = false\n", both), "Kerberos ");
    const auto own =
        parse_config(std::string{tls} + "[auth]\nkeytab = \"/own\"\n", "f", config_scope::everything, both);
    EXPECT_EQ(own.values.auth.keytab, "/own");
}

TEST(Config, TheAuthTableIsReadAndChecked)
{
    const auto c = parse_config(std::string{tls} + R"([auth]
negotiate = true
kerberos = true
ntlm = false
basic = false
keytab = "/k"
services = ["HTTP"]
channel_binding = "strict"
[[listen]]
channel_binding = "relaxed"
)",
                                "f");
    ASSERT_TRUE(c.problems.empty()) << c.problems[0].what;
    EXPECT_FALSE(c.values.auth_basic);
    EXPECT_EQ(c.values.auth.services, std::vector<std::string>{"HTTP"});
    EXPECT_EQ(c.values.auth.channel_binding, auth::binding_policy::strict);
    EXPECT_EQ(c.values.listen[0].channel_binding, auth::binding_policy::relaxed);
    for (const auto& [text, expected] :
         {std::pair{"[auth]\nkeytap = \"/k\"\n", "f:4: unknown key \"keytap\"; did you mean \"keytab\"?"},
          {"[auth]\nntlm = \"yes\"\n", "f:4: ntlm must be true or false"},
          {"[auth]\nkeytab = \"\"\n", "f:4: keytab must be the name of a file"},
          {"[auth]\nservices = [\"HTTP/web1\"]\n", "f:4: services must be an array"},
          {"[auth]\nservices = [\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"]\n",
           "f:4: services must be an array"},
          {"[auth]\nchannel_binding = \"Strict\"\n", "f:4: channel_binding must be \"none\""},
          {"[auth]\nkerberos = true\n", "f:4: kerberos = true needs keytab"},
          {"[auth]\nntlm = true\n", "f:4: ntlm = true needs accounts"},
          {"[auth]\nwinbind = 1\n", "f:4: winbind must be true or false"},
          {"[auth]\nwinbind = true\nntlm = false\n", "f:4: winbind = true is for logins by NTLM"},
          {"[auth]\nnegotiate = true\n", "f:4: negotiate = true has nothing to choose from"},
          {"[auth]\nbasic = false\n", "f:4: basic = false leaves no way"},
          {"auth_basic = true\n[auth]\nbasic = false\nkeytab = \"/k\"\n", "f:5: basic is what auth_basic in line 3"},
          {"auth = 1\n", "f:3: auth must be a table"},
          {"[[listen]]\ntls = false\nchannel_binding = \"strict\"\n[auth]\nkeytab = \"/k\"\n", "f:3: channel_binding"}})
        EXPECT_EQ(problems_of(std::string{tls} + text).substr(0, std::string(expected).size()), expected) << text;
    // Sealed messages need no TLS; Basic is not offered there.
    EXPECT_EQ(problems_of("[[listen]]\ntls = false\n[auth]\nkeytab = \"/k\"\n"), "");
}

TEST(Config, ThePowerShellTableIsReadAndChecked)
{
    EXPECT_EQ(parse_config(tls, "f").values.powershell.program, "");
    EXPECT_FALSE(parse_config(tls, "f").values.powershell.warm_spare);
    for (const auto scope : {config_scope::everything, config_scope::limits_only}) {
        const std::string head = scope == config_scope::everything ? tls : "";
        const auto c = parse_config(head + "[powershell]\nprogram = \"/opt/pwsh\"\nwarm_spare = true\n", "f", scope);
        ASSERT_TRUE(c.problems.empty()) << c.problems[0].what;
        EXPECT_EQ(c.values.powershell.program, "/opt/pwsh");
        EXPECT_TRUE(c.values.powershell.warm_spare);
    }
    for (const char* line :
         {"program = \"bin/pwsh\"", "program = \"\"", "program = 1", "warm_spare = 1", "programm = \"x\""})
        EXPECT_NE(problems_of(std::string{tls} + "[powershell]\n" + line + "\n"), "") << line;
    EXPECT_NE(problems_of(std::string{tls} + "powershell = 1\n"), "");
}

TEST(Config, EverythingThatIsWrongIsToldInOneRoundByLine)
{
    const auto c = parse_config("user_file = 5\nauth_basic = false\nnonsense = 1\nallow_groups = []\n[limits]\n"
                                "head_time_s = 0\n[[listen]]\ntls = false\n",
                                "f");
    std::vector<std::string> where;
    for (const config_problem& p : c.problems) where.push_back(p.where);
    EXPECT_EQ(where, (std::vector<std::string>{"f:1", "f:2", "f:3", "f:4", "f:6"}));
    // A value that could not be read is not said to be missing as well.
    const auto d = parse_config("certificate = 5\nkey = \"/k\"\n", "f");
    ASSERT_EQ(d.problems.size(), 1u);
    EXPECT_EQ(d.problems[0].where, "f:1");
}

TEST(Config, FilesAreToldByTheLineThatNamesThem)
{
    const temp_file users{"# none\ngarbage\nada:plaintext\n"};
    const temp_file f{"allow_groups = []\ncertificate = \"/not/there\"\nuser_file = \"" + users.path() +
                      "\"\nkey = \"beside\"\npam_service = \"other\"\n"};
    const auto c = load_config(f.path());
    std::vector<std::string> where;
    for (const config_problem& p : c.problems) where.push_back(p.where);
    EXPECT_EQ(where, (std::vector<std::string>{f.path() + ":1", f.path() + ":2", users.path() + ":2",
                                               users.path() + ":3", f.path() + ":4"}));
    EXPECT_NE(c.problems[1].what.find("/not/there: cannot be read"), std::string::npos);
    EXPECT_EQ(c.values.key, f.folder() + "/beside");
}

TEST(Config, AGroupThatIsNotThereIsAWarning)
{
    const temp_file users{""};
    const temp_file f{"allow_groups = [\"root\",\n \"no-group-of-that-name\"]\nuser_file = \"" + users.path() +
                      "\"\nallow_unencrypted = true\npam_service = \"other\"\n[[listen]]\ntls = false\n"};
    auto c = load_config(f.path());
    EXPECT_TRUE(c.problems.empty()) << c.problems[0].what;
    // Of the whole file, and only where the service would be root and that account is missing.
    const auto about_account = std::erase_if(
        c.warnings, [](const config_problem& w) { return w.what.find("no account \"winrmd\"") != std::string::npos; });
    EXPECT_EQ(about_account, ::geteuid() == 0 && ::getpwnam("winrmd") == nullptr ? 1u : 0u);
    ASSERT_EQ(c.warnings.size(), 2u);
    EXPECT_EQ(c.warnings[0].where, f.path() + ":2");
    EXPECT_NE(c.warnings[0].what.find("no-group-of-that-name"), std::string::npos);
    EXPECT_EQ(c.warnings[1].where, f.path() + ":3"); // nobody is in the file
}

TEST(Config, S26_AFileThatOthersCanWriteIsNotRead)
{
    const temp_file f{"allow_unencrypted = true\n[[listen]]\ntls = false\n", 0666};
    const auto c = load_config(f.path());
    ASSERT_EQ(c.problems.size(), 1u);
    EXPECT_FALSE(c.values.allow_unencrypted);
    EXPECT_NE(c.problems[0].what.find("chmod"), std::string::npos);
}

TEST(Config, NamedFilesAreLookedAt)
{
    const temp_file f{std::string{tls} + "user_file = \"/not/there\"\npam_service = \"not-there-either\"\n"};
    EXPECT_EQ(load_config(f.path()).problems.size(), ::geteuid() == 0 ? 4u : 3u);
}

} // namespace
