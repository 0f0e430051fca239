#include "service/monitor/user_file.h"

#include <gtest/gtest.h>

#include <crypt.h>
#include <memory>

using namespace winrm;
using namespace winrm::service::monitor;

namespace {

base::secret pass(const char* text) { return base::secret{std::string{text}}; }

/// "" if it has no such method.
std::string made_by_libcrypt(const char* prefix, const char* password)
{
    char salt[CRYPT_GENSALT_OUTPUT_SIZE];
    if (!crypt_gensalt_rn(prefix, 0, nullptr, 0, salt, sizeof salt)) return {};
    const auto work = std::make_unique<crypt_data>();
    const char* got = crypt_rn(password, salt, work.get(), sizeof *work);
    return got ? got : "";
}

TEST(UserFile, LineMadeIsLineAccepted)
{
    auto line = make_user_line("ada", pass("secret word"));
    ASSERT_TRUE(line);
    EXPECT_EQ(line->substr(0, 7), "ada:$y$");
    const std::string file = "# comment\n\nbob:x\n" + *line + "\n";
    EXPECT_TRUE(check_user_line(file, "ada", pass("secret word")));
    EXPECT_FALSE(check_user_line(file, "ada", pass("secret worD")));
    EXPECT_FALSE(check_user_line(file, "ada", pass("")));
    EXPECT_FALSE(check_user_line(file, "bob", pass("x")));
    EXPECT_FALSE(check_user_line(file, "eve", pass("secret word")));
    EXPECT_FALSE(check_user_line("", "ada", pass("secret word")));
}

TEST(UserFile, FirstLineOfAUserCounts)
{
    auto one = make_user_line("ada", pass("one")), two = make_user_line("ada", pass("two"));
    ASSERT_TRUE(one && two);
    EXPECT_TRUE(check_user_line(*one + "\r\n" + *two, "ada", pass("one")));
    EXPECT_FALSE(check_user_line(*one + '\n' + *two, "ada", pass("two")));
}

TEST(UserFile, WeakAndEmptyHashesAreNoHashes)
{
    EXPECT_FALSE(check_user_line("ada:", "ada", pass("")));
    EXPECT_FALSE(check_user_line("ada:clear", "ada", pass("clear")));
    EXPECT_FALSE(check_user_line("ada:$1$abcdefgh$G//4keteveJp0qb8z2DxG/", "ada", pass("password")));
    EXPECT_FALSE(check_user_line("ada:*", "ada", pass("*")));
    EXPECT_FALSE(check_user_line(":$y$j9T$", "", pass("")));
}

std::string what(const std::string& lines)
{
    std::string all;
    for (const user_line_problem& p : user_file_problems(lines))
        all += std::to_string(p.line) + '/' + p.user + ": " + p.what + '\n';
    return all;
}

TEST(UserFile, LinesWithWhichNobodyCouldLogInAreNamed)
{
    const auto good = make_user_line("ada", pass("one"));
    ASSERT_TRUE(good);
    EXPECT_EQ(what(""), "");
    EXPECT_EQ(what("# comment\r\n\r\n" + *good + "\r\n" + *good + ":18000:0:99999\n"), "");
    const std::string hash = good->substr(4);
    const std::string salt = hash.substr(0, hash.rfind('$') + 1), tail = hash.substr(hash.rfind('$') + 1);
    const std::pair<std::string, const char*> rows[] = {
        {"garbage", "/: is not of the form"},
        {":x", "/: is not of the form"},
        {"a\tb:" + hash, "/: is not of the form"},
        {"rv:", "/rv: user \"rv\": there is no hash"},
        {"rv:plaintext", "/rv: user \"rv\": the hash is of no accepted method"},
        {"rv:$1$abcdefgh$G//4keteveJp0qb8z2DxG/", "no accepted method"},
        {"rv:$y$j9T$abc", "yescrypt hash is cut short or damaged"},
        {"rv:" + hash.substr(0, hash.size() - 1), "cut short or damaged"},
        {"rv:" + hash + ".", "cut short or damaged"},
        {"rv:" + salt + '*' + tail.substr(1), "cut short or damaged"},
        {"rv:$y$zzz$abcdefgh$" + tail, "cut short or damaged"},
        {"rv:$2b$05$abc", "bcrypt hash is cut short or damaged"},
        {"rv:$2b$99$" + std::string(53, 'a'), "bcrypt hash is cut short or damaged"},
        {"rv:$6$salt$short", "sha512crypt hash is cut short or damaged"},
        {"rv:$6$rounds=5$salt$" + std::string(86, 'a'), "sha512crypt hash is cut short or damaged"},
    };
    for (const auto& [line, expected] : rows) {
        const std::string got = what("# first\n" + *good + '\n' + line + '\n');
        EXPECT_EQ(got.substr(0, 2), "3/") << line;
        EXPECT_NE(got.find(expected), std::string::npos) << line << '\n' << got;
        EXPECT_NE(got.find("winrmd passwd"), std::string::npos) << got;
        EXPECT_EQ(got.find("plaintext"), std::string::npos) << "may be a password";
        EXPECT_FALSE(check_user_line(line, "rv", pass("one"))) << line;
    }
    EXPECT_EQ(user_file_problems("x\n" + *good + "\ny\n").size(), 2u);
}

TEST(UserFile, HashesOfOtherMakersAreTaken)
{
    const std::pair<const char*, const char*> rows[] = {
        {"$2b$", "bcrypt"}, {"$6$", "sha512crypt"}, {"$7$", "scrypt"}, {"$gy$", "gost-yescrypt"}};
    for (const auto& [prefix, name] : rows) {
        const std::string hash = made_by_libcrypt(prefix, "one");
        if (hash.empty()) continue; // a libcrypt without it
        EXPECT_EQ(what("ada:" + hash), "") << name;
        EXPECT_TRUE(check_user_line("ada:" + hash, "ada", pass("one"))) << name;
        EXPECT_NE(what("ada:" + hash.substr(0, hash.size() - 2)).find(name), std::string::npos);
    }
}

TEST(UserFile, Argon2CountsWhereLibcryptHasIt)
{
    // Password "password", salt "somesalt": a row of the reference implementation's tests.
    const std::string line =
        "ada:$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    const bool can = check_user_line(line, "ada", pass("password"));
    EXPECT_EQ(what(line).empty(), can);
    EXPECT_EQ(what(line).find("this system's libcrypt cannot check argon2 hashes") != std::string::npos, !can);
}

TEST(UserFile, NamesThatWouldBreakTheFileAreRefused)
{
    for (const char* name : {"", "a:b", "a\nb", "#a"}) EXPECT_FALSE(make_user_line(name, pass("x"))) << name;
    EXPECT_FALSE(make_user_line("ada", pass("")));
    EXPECT_FALSE(make_user_line("ada", base::secret{std::string(1024, 'x')}));
}

} // namespace
