#include "service/monitor/options.h"

#include <gtest/gtest.h>

using namespace winrm::service::monitor;

namespace {

options parse(std::vector<std::string> words)
{
    words.insert(words.begin(), "winrmd");
    std::vector<char*> argv;
    for (std::string& w : words) argv.push_back(w.data());
    argv.push_back(nullptr);
    return parse_options(static_cast<int>(words.size()), argv.data());
}

TEST(Options, WhatIsAskedFor)
{
    EXPECT_EQ(parse({}).what, action::serve);
    EXPECT_EQ(parse({}).config, "/etc/winrmd/winrmd.toml");
    EXPECT_EQ(parse({"--check", "--config", "x"}).what, action::check);
    EXPECT_EQ(parse({"--check", "--config", "x"}).config, "x");
    EXPECT_EQ(parse({"--help"}).what, action::help);
    EXPECT_EQ(parse({"passwd", "--help"}).what, action::help);
    EXPECT_EQ(parse({"--check", "--check"}).what, action::check);
    EXPECT_EQ(parse({"--version"}).what, action::version);
    EXPECT_EQ(parse({"passwd", "ada"}).user, "ada");
    const options file = parse({"passwd", "CORP\\ada", "--file", "f", "--password-fd", "3", "--config", "c"});
    EXPECT_EQ(file.user, "CORP\\ada");
    EXPECT_EQ(file.file, "f");
    EXPECT_EQ(file.password_fd, 3);
    EXPECT_FALSE(file.remove);
    EXPECT_TRUE(parse({"passwd", "--delete", "ada"}).remove);
    EXPECT_EQ(parse({"--test-server", "--keytab", "k"}).keytab, "k");
    EXPECT_EQ(parse({"--test-server", "--pwsh", "/p"}).pwsh, "/p");
    const options test = parse({"--test-server", "--http", "--listen", "[::1]:0", "--as", "ada"});
    EXPECT_EQ(test.what, action::test_server);
    EXPECT_TRUE(test.http);
    EXPECT_EQ(test.listen->address, "::1");
    EXPECT_EQ(test.as, "ada");
    EXPECT_FALSE(test.config_given);
    EXPECT_TRUE(parse({"--test-server", "--config", "x"}).config_given);
}

TEST(Options, ATestServerListensOnLoopbackOnly)
{
    for (const char* address : {"0.0.0.0:0", "[::]:5986", "192.0.2.1:80"})
        EXPECT_EQ(parse({"--test-server", "--listen", address}).what, action::wrong) << address;
}

TEST(Options, WrongUsageIsSaid)
{
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"--nonsense"},
                                               {"--config"},
                                               {"extra"},
                                               {"passwd"},
                                               {"passwd", "a", "b"},
                                               {"--http"},
                                               {"--listen", "127.0.0.1:1"},
                                               {"--as", "ada"},
                                               {"--check", "--test-server"},
                                               {"--test-server", "--check", "--config", "x"},
                                               {"--version", "x"},
                                               {"--version", "--check"},
                                               {"--check", "--version"},
                                               {"--version", "--config", "x"},
                                               {"--check", "extra"},
                                               {"--check", "passwd", "ada"},
                                               {"--http", "passwd", "ada"},
                                               {"--keytab", "k"},
                                               {"--pwsh", "p"},
                                               {"--file", "f"},
                                               {"--delete"},
                                               {"--check", "--password-fd", "0"},
                                               {"passwd", "ada", "--password-fd", "x"},
                                               {"passwd", "ada", "--keytab", "k"},
                                               {"--test-server", "--listen", "nowhere"}}) {
        const options o = parse(words);
        EXPECT_EQ(o.what, action::wrong) << words[0];
        EXPECT_FALSE(o.problem.empty());
    }
}

} // namespace
