#include "cli/config.h"

#include <gtest/gtest.h>

using namespace winrm::cli;

namespace {

config_file good(const std::string& text, const std::string& path = "f")
{
    auto parsed = parse_config(text, path);
    if (!parsed) {
        ADD_FAILURE() << parsed.error().message();
        return {};
    }
    return *parsed;
}

void expect_error(const std::string& text, const std::string& place, const std::string& part)
{
    const auto parsed = parse_config(text, "f");
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), winrm::errc::bad_config);
    EXPECT_EQ(parsed.error().message().rfind(place, 0), 0U) << parsed.error().message();
    EXPECT_NE(parsed.error().message().find(part), std::string::npos) << parsed.error().message();
}

} // namespace

TEST(Config, FirstMatchInTheOrderOfTheFileWins)
{
    const auto f = good("[defaults]\nuser = \"everyone\"\nport = 1\n[host.\"web*\"]\nuser = "
                        "\"web\"\n[host.\"a*\"]\nuser = \"never\"\n[host.\"*1\"]\nuser = \"one\"\nport = 2\n");
    const std::vector<config_file> files{f};
    EXPECT_EQ(find_entry(files, "web1", "user")->value, "web");
    EXPECT_EQ(find_entry(files, "web1", "user")->where, "f:5");
    EXPECT_EQ(find_entry(files, "web1", "port")->value, "2"); // a later section may add what an earlier one leaves open
    EXPECT_EQ(find_entry(files, "db1", "user")->value, "one");
    EXPECT_EQ(find_entry(files, "db2", "user")->value, "everyone"); // defaults come last wherever they stand
    EXPECT_EQ(find_entry(files, "db2", "port")->where, "f:3");
    EXPECT_FALSE(find_entry(files, "web1", "ca"));
}

TEST(Config, UserFileBeforeSystemFile)
{
    const std::vector<config_file> files{good("[defaults]\nuser = \"mine\"\n", "u"),
                                         good("[host.web1]\nuser = \"theirs\"\nca = \"/ca\"\n", "s")};
    EXPECT_EQ(find_entry(files, "web1", "user")->where, "u:2");
    EXPECT_EQ(find_entry(files, "web1", "ca")->where, "s:3");
}

TEST(Config, NamesOfFilesBeginAtTheFolderOfTheFileOrAtHome)
{
    const struct
    {
        const char *path, *name, *leads_to;
    } rows[] = {
        {"/etc/winrm/config.toml", "lab.pem", "/etc/winrm/lab.pem"},
        {"/etc/winrm/config.toml", "tls/lab.pem", "/etc/winrm/tls/lab.pem"},
        {"/etc/winrm/config.toml", "../lab.pem", "/etc/winrm/../lab.pem"},
        {"/etc/winrm/config.toml", "/lab.pem", "/lab.pem"},
        {"/etc/winrm/config.toml", "~/lab.pem", "/home/ada/lab.pem"},
        {"/etc/winrm/config.toml", "~bob/lab.pem", "/etc/winrm/~bob/lab.pem"},
        {"conf/c.toml", "lab.pem", "conf/lab.pem"},
        {"c.toml", "lab.pem", "lab.pem"},
    };
    for (const auto& r : rows) {
        for (const std::string key : {"ca", "password_file"}) {
            const auto f = parse_config("[defaults]\n" + key + " = \"" + r.name + "\"\n", r.path, "/home/ada");
            ASSERT_TRUE(f) << f.error();
            EXPECT_EQ(find_entry({*f}, "web1", key)->value, r.leads_to) << r.path;
        }
    }
    const auto f = parse_config("[defaults]\nuser = \"~/x\"\npassword_command = \"~/x\"\n", "/etc/c.toml", "/home/ada");
    ASSERT_TRUE(f) << f.error();
    EXPECT_EQ(find_entry({*f}, "web1", "user")->value, "~/x");
    EXPECT_EQ(find_entry({*f}, "web1", "password_command")->value, "~/x") << "sh reads it";
    expect_error("[defaults]\nca = \"~/x\"\n", "f:2: ", "HOME is not set");
}

TEST(Config, EverySettingIsTaken)
{
    const auto f =
        good("[host.\"h\"]\nhost = \"real\"\nuser = \"u\"\nport = 5986\nscheme = \"https\"\nauth = \"basic\"\nca = "
             "\"c\"\npath = \"/w\"\n"
             "connect_timeout = \"3s\"\noperation_timeout = 20\ntimeout = \"5m\"\nallow_unencrypted = false\n"
             "password_command = \"pass x\"\npassword_file = \"/p\"\ncode_page = 65001\n"
             "keytab = \"k\"\nservice_name = \"HTTP\"\ndelegate = true\ncompress = true\nencrypt = \"always\"\n"
             "trusted_for_ntlm = [\"web1\", \"*.lab\"]\n");
    ASSERT_EQ(f.sections.size(), 1U);
    EXPECT_EQ(f.sections[0].entries.size(), config_keys().size());
    EXPECT_EQ(find_entry({f}, "h", "operation_timeout")->value, "20s");
    EXPECT_EQ(find_entry({f}, "h", "allow_unencrypted")->value, "false");
    EXPECT_EQ(find_entry({f}, "h", "compress")->value, "true");
}

TEST(Config, MistakesNameTheLine)
{
    expect_error("[defaults]\n\nusr = \"x\"\n", "f:3: ", "did you mean user?");
    expect_error("[defaults]\nport = \"5986\"\n", "f:2: ", "1 to 65535");
    expect_error("[defaults]\nport = 70000\n", "f:2: ", "1 to 65535");
    expect_error("[defaults]\nuser = 5\n", "f:2: ", "text");
    expect_error("[defaults]\nuser = \"\"\n", "f:2: ", "empty");
    expect_error("[defaults]\ntimeout = \"soon\"\n", "f:2: ", "time");
    expect_error("[defaults]\ntimeout = -5\n", "f:2: ", "time");
    expect_error("[defaults]\n\noperation_timeout = \"499ms\"\n", "f:3: ", "at least 500ms");
    expect_error("[defaults]\nconnect_timeout = 0\n", "f:2: ", "at least 1ms");
    expect_error("[defaults]\nallow_unencrypted = \"yes\"\n", "f:2: ", "true or false");
    expect_error("[defaults]\nscheme = \"ftp\"\n", "f:2: ", "https");
    expect_error("[defaults]\nauth = \"kerbros\"\n", "f:2: ", "did you mean kerberos?");
    expect_error("[defaults]\nencrypt = \"never\"\n", "f:2: ", "\"auto\" or \"always\"");
    expect_error("[defaults]\ndelegate = \"yes\"\n", "f:2: ", "true or false");
    for (const char* list : {"[1]", "[\"\"]", "true", "[\"a b\"]", "[\"https://web1\"]", "[\"a\", [\"b\"]]"})
        expect_error("[defaults]\n\ntrusted_for_ntlm = " + std::string(list) + "\n", "f:3: ", "must be a list");
    expect_error("[defaults]\nca = \"a\\nb\"\n", "f:2: ", "one line");
    expect_error("[default]\nuser = \"x\"\n", "f:1: ", "did you mean defaults?");
    expect_error("user = \"x\"\n", "f:1: ", "outside");
    expect_error("[host]\nuser = \"x\"\n", "f:2: ", "[host.\"PATTERN\"]");
    expect_error("[defaults\n", "f:1: ", "");
    expect_error("[defaults]\nuser = \"x\"\nuser = \"y\"\n", "f:3: ", "");
}

TEST(Config, EmptyFileIsFine)
{
    EXPECT_TRUE(good("").sections.empty());
    EXPECT_TRUE(good("# nothing\n").sections.empty());
}
