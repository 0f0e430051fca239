#include "cli/options.h"

#include <gtest/gtest.h>

using namespace winrm::cli;

namespace {

options good(const std::vector<std::string>& words)
{
    auto parsed = parse_options(words);
    if (const auto* stop = std::get_if<parse_stop>(&parsed)) {
        ADD_FAILURE() << stop->text;
        return {};
    }
    return std::get<options>(std::move(parsed));
}

parse_stop stop(const std::vector<std::string>& words)
{
    auto parsed = parse_options(words);
    if (auto* s = std::get_if<parse_stop>(&parsed)) return *s;
    ADD_FAILURE() << "taken: " << words.front();
    return {};
}

void expect_error(const std::vector<std::string>& words, const std::string& part)
{
    const auto s = stop(words);
    EXPECT_EQ(s.status, 255);
    EXPECT_EQ(s.text.rfind("winrm: ", 0), 0U) << s.text;
    EXPECT_NE(s.text.find(part), std::string::npos) << s.text;
    EXPECT_EQ(s.text.find('\n'), s.text.size() - 1) << s.text;
}

} // namespace

TEST(Options, OfLogins)
{
    auto o = good({"-v", "identify", "web1", "--auth", "kerberos", "--keytab", "/k", "--delegate", "--service-name",
                   "HTTP/web1:5985", "--encrypt", "always"});
    EXPECT_TRUE(o.verbose);
    EXPECT_TRUE(o.delegate);
    EXPECT_EQ(o.auth, "kerberos");
    EXPECT_EQ(o.keytab, "/k");
    EXPECT_EQ(o.service_name, "HTTP/web1:5985");
    EXPECT_EQ(o.encrypt, "always");
    o = good({"run", "-v", "web1", "-u", "ada@CORP.EXAMPLE", "--", "ver"});
    EXPECT_TRUE(o.verbose);
    EXPECT_EQ(o.user, "ada@CORP.EXAMPLE");
    EXPECT_FALSE(good({"run", "web1", "--", "ls", "-v"}).verbose);
    EXPECT_EQ(stop({"-v"}).status, 255);
    expect_error({"run", "web1", "--encrypt", "never", "--", "ver"}, "auto or always");
    expect_error({"run", "web1", "--keytab", "/k", "--password-fd", "3", "--", "ver"}, "either --keytab or a password");
}

TEST(Options, RunWithEverything)
{
    const auto o = good({"run",
                         "web1",
                         "-u",
                         "CORP\\ada",
                         "--password-file",
                         "/p",
                         "--auth",
                         "basic",
                         "--ca",
                         "/ca.pem",
                         "--timeout",
                         "5m",
                         "--connect-timeout",
                         "3s",
                         "--trace",
                         "/t",
                         "--json",
                         "--cwd",
                         "C:\\Temp",
                         "--env",
                         "A=1",
                         "--env",
                         "B=x=y",
                         "--idle-timeout",
                         "1h",
                         "--code-page",
                         "437",
                         "--no-profile",
                         "--skip-cmd-shell",
                         "-n",
                         "--raw",
                         "--allow-unencrypted",
                         "--",
                         "ipconfig",
                         "/all"});
    EXPECT_EQ(o.what, subcommand::run);
    EXPECT_EQ(o.host, "web1");
    EXPECT_EQ(o.user, "CORP\\ada");
    EXPECT_EQ(o.password_file, "/p");
    EXPECT_EQ(o.auth, "basic");
    EXPECT_EQ(o.ca, "/ca.pem");
    EXPECT_EQ(o.timeout, std::chrono::minutes(5));
    EXPECT_EQ(o.connect_timeout, std::chrono::seconds(3));
    EXPECT_EQ(o.trace, "/t");
    EXPECT_EQ(o.cwd, "C:\\Temp");
    ASSERT_EQ(o.environment.size(), 2U);
    EXPECT_EQ(o.environment[1], (std::pair<std::string, std::string>("B", "x=y")));
    EXPECT_EQ(o.idle_timeout, std::chrono::hours(1));
    EXPECT_EQ(o.code_page, 437U);
    EXPECT_TRUE(o.json && o.no_profile && o.skip_cmd_shell && o.no_stdin && o.raw && o.allow_unencrypted);
    EXPECT_EQ(o.command, (std::vector<std::string>{"ipconfig", "/all"}));
}

TEST(Options, WordsAfterDashesStayAsTheyAre)
{
    const auto o = good({"run", "web1", "--", "prog", "--json", "-u", "", "--", "-5", "a b"});
    EXPECT_FALSE(o.json);
    EXPECT_EQ(o.command, (std::vector<std::string>{"prog", "--json", "-u", "", "--", "-5", "a b"}));
}

TEST(Options, HostMayStandAfterOptions)
{
    const auto o = good({"run", "--env", "A=1", "--json", "web1", "--", "dir & exit 3"});
    EXPECT_EQ(o.host, "web1");
    EXPECT_EQ(o.command, std::vector<std::string>{"dir & exit 3"});
    EXPECT_EQ(good({"shells", "--delete", "X", "web1"}).host, "web1");
}

TEST(Options, CommandWithoutDashes)
{
    EXPECT_EQ(good({"run", "web1", "ipconfig", "/all"}).command, (std::vector<std::string>{"ipconfig", "/all"}));
    expect_error({"run", "web1", "ls", "--color"}, "put -- before the command");
    expect_error({"run", "web1", "ping", "-n", "4", "host"}, "put -- before the command");
    expect_error({"run", "web1", "hostname", "--json"}, "put -- before the command");
}

TEST(Options, Mistakes)
{
    expect_error({"rnu", "web1"}, "unknown subcommand rnu; did you mean run?");
    expect_error({"identfy", "web1"}, "did you mean identify?");
    expect_error({"run"}, "host is missing");
    expect_error({"run", "web1"}, "no command");
    expect_error({"run", "web1", "--", ""}, "empty");
    expect_error({"run", "web1", "--timeout", "soon", "--", "x"}, "--timeout: soon is not a time");
    expect_error({"run", "web1", "--timeout"}, "--timeout needs a value");
    expect_error({"run", "web1", "-u", "ada", "--user", "bob", "--", "x"}, "--user is given twice");
    expect_error({"run", "web1", "-u", "--", "x"}, "--user needs a value");
    expect_error({"run", "web1", "--connect-timeout", "0", "--", "x"}, "longer than 0");
    expect_error({"run", "web1", "--env", "A", "--", "x"}, "NAME=VALUE");
    expect_error({"run", "web1", "--env", "=1", "--", "x"}, "NAME=VALUE");
    for (const char* page : {"many", "-1", "65536", "99999999999999999999", ""}) {
        expect_error({"run", "web1", "--code-page", page, "--", "x"},
                     std::string("--code-page: ") + page + " is not a number from 0 to 65535");
    }
    expect_error({"run", "web1", "--password-fd", "x", "--", "x"}, "--password-fd: x is not a number");
    expect_error({"run", "web1", "--no-profil", "--", "x"}, "did you mean --no-profile?");
    expect_error({"run", "web1", "--password-file", "a", "--password-fd", "3", "--", "x"}, "only one");
    expect_error({"identify", "web1", "--", "x"}, "nothing after --");
    expect_error({"shells", "web1", "--delete", "A", "--delete-all"}, "either");
    expect_error({"config", "web1"}, "config show");
    expect_error({"run", "web1", "--profile", "--no-profile", "--", "x"}, "either");
    expect_error({"run", "web1", "--", "x\xff"}, "not UTF-8");
    expect_error({"run", "web1", "--", "x", "\x01"}, "control character");
    expect_error({"run", "web1", "--", "x", "a\xEF\xBF\xBE"}, "U+FFFE or U+FFFF");
    expect_error({"run", "web1", "--env", "A=\xEF\xBF\xBF", "--", "x"}, "--env holds bytes that are not UTF-8");
    expect_error({"run", "web1", "--cwd", "\xff", "--", "x"}, "--cwd holds");
    expect_error({"run", "web1", "--env", "A=\xff", "--", "x"}, "--env holds");
    expect_error({"run", "web1", "-u", "\xff", "--", "x"}, "--user holds");
    expect_error({"shells", "web1", "--commands", "--delete-all"}, "--commands");
    expect_error({"explain"}, "which code");
    expect_error({"run\x1b[31m", "web1"}, "\\x1b");
}

TEST(Options, PowerShell)
{
    const auto o = good({"ps", "web1", "-c", "$args", "-P", "a=1", "-P", "b", "-o", "jsonl", "--input", "clixml",
                         "--configuration", "jea", "--compress", "one", "--", "-two"});
    EXPECT_EQ(o.script, "$args");
    EXPECT_EQ(o.parameters, (std::vector<std::string>{"a=1", "b"}));
    EXPECT_EQ(o.output_format, "jsonl");
    EXPECT_EQ(o.input_format, "clixml");
    EXPECT_EQ(o.configuration, "jea");
    EXPECT_TRUE(o.compress);
    EXPECT_EQ(o.command, (std::vector<std::string>{"one", "-two"}));
    const auto from_input = good({"ps", "web1", "-", "x"});
    EXPECT_EQ(from_input.script_file, "-");
    EXPECT_EQ(from_input.command, std::vector<std::string>{"x"});
    expect_error({"ps", "web1"}, "no script");
    expect_error({"ps", "web1", "-c", "1", "-f", "x"}, "either -c or -f");
    expect_error({"ps", "web1", "-c", "1", "-o", "xml"}, "-o is");
    expect_error({"ps", "web1", "-c", "1", "--input", "csv"}, "--input is");
    EXPECT_EQ(good({"psrp", "web1", "--configuration", "x"}).configuration, "x");
}

TEST(Options, MistakesTellWhetherJsonWasWanted)
{
    const auto known = stop({"run", "web1", "--json", "--bogus", "--", "x"});
    EXPECT_TRUE(known.json);
    EXPECT_EQ(known.so_far.host, "web1");
    EXPECT_EQ("winrm: " + known.why + "\n", known.text);
    EXPECT_TRUE(stop({"run", "--json"}).json);
    EXPECT_TRUE(stop({"shells", "web1", "--commands", "--delete-all", "--json"}).json);
    EXPECT_TRUE(stop({"run", "web1", "--env", "A", "--json", "--", "x"}).json);
    EXPECT_FALSE(stop({"run", "web1", "--bogus", "--", "x", "--json"}).json); // a word of the remote command
    EXPECT_FALSE(stop({"explain", "--json"}).json);
}

TEST(Options, PasswordIsNoOption)
{
    expect_error({"run", "web1", "--password", "secret", "--", "x"}, "unknown option --password");
    EXPECT_EQ(stop({"run", "web1", "--password=secret", "--", "x"}).text.find("secret"), std::string::npos);
}

TEST(Options, PasswordInAHostThatStandsElsewhereIsNotShown)
{
    expect_error({"shells", "web1", "joe:s3cret@web2"}, "a word too many");
    expect_error({"joe:s3cret@web1", "--", "x"}, "unknown subcommand web1");
    EXPECT_EQ(stop({"shells", "web1", "joe:s3cret@web2"}).text.find("s3cret"), std::string::npos);
    EXPECT_EQ(stop({"joe:s3cret@web1", "--", "x"}).text.find("s3cret"), std::string::npos);
}

TEST(Options, CodesMayBeNegative)
{
    EXPECT_EQ(good({"explain", "-2144108453"}).codes, std::vector<std::string>{"-2144108453"});
    EXPECT_EQ(good({"explain", "5", "0x8033805B", "--json"}).codes, (std::vector<std::string>{"5", "0x8033805B"}));
    EXPECT_EQ(good({"explain", "-5", "--json"}).codes, std::vector<std::string>{"-5"});
    expect_error({"explain", "5", "--jsn"}, "did you mean --json?");
}

TEST(Options, ConfigShow)
{
    const auto o = good({"config", "show", "web1", "--json"});
    EXPECT_EQ(o.what, subcommand::config_show);
    EXPECT_EQ(o.host, "web1");
    EXPECT_TRUE(o.json);
}

TEST(Options, HelpAndVersion)
{
    EXPECT_EQ(stop({"--version"}).text, version_text());
    EXPECT_EQ(stop({"version"}).status, 0);
    EXPECT_EQ(stop({"help"}).text, help_text());
    EXPECT_EQ(stop({}).status, 255);
    const auto run = stop({"run", "--help"});
    EXPECT_EQ(run.status, 0);
    EXPECT_NE(run.text.find("--skip-cmd-shell"), std::string::npos);
    EXPECT_EQ(stop({"help", "run"}).text, run.text);
    EXPECT_EQ(stop({"identify", "--help"}).text.find("--skip-cmd-shell"), std::string::npos);
}
