// Configuration, password and trace files on disk: permissions and contents.
#include "cli/config.h"
#include "cli/password.h"
#include "cli/trace.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace winrm::cli;

namespace {

winrm::result<winrm::base::secret> find(const options& o, const settings& s)
{
    int caught = 0;
    auto got = find_password(o, s, never, caught);
    EXPECT_EQ(caught, 0);
    return got;
}

winrm::result<winrm::base::secret> from_file(const std::string& path)
{
    bounded_wait wait;
    return password_from_file(path, wait);
}

class Files : public testing::Test
{
protected:
    void SetUp() override
    {
        char name[] = "/tmp/winrm-unit-XXXXXX";
        ASSERT_NE(::mkdtemp(name), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name, const std::string& text, mode_t mode)
    {
        const std::string path = folder_ + "/" + name;
        std::ofstream(path) << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return path;
    }

    std::string folder_;
};

} // namespace

TEST_F(Files, ConfigIsReadWhenOnlyItsOwnerWrites)
{
    auto good = load_config(file("good", "[defaults]\nuser = \"a\"\n", 0644));
    ASSERT_TRUE(good && *good);
    EXPECT_EQ((*good)->sections.size(), 1U);
    const auto bad = load_config(file("bad", "[defaults]\n", 0666));
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message().find("others can write"), std::string::npos);
    const auto none = load_config(folder_ + "/none");
    ASSERT_TRUE(none);
    EXPECT_FALSE(*none);
    EXPECT_FALSE(load_config(folder_));
    EXPECT_FALSE(load_config(file("huge", std::string(1024 * 1024 + 1, '#'), 0600)));
}

TEST_F(Files, PasswordIsTheFirstLineOfAPrivateFile)
{
    const auto good = from_file(file("good", "sesame \r\nmore\n", 0600));
    ASSERT_TRUE(good);
    EXPECT_EQ(good->reveal(), "sesame ");
    const auto open = from_file(file("open", "sesame\n", 0640));
    ASSERT_FALSE(open);
    EXPECT_NE(open.error().message().find("chmod 600"), std::string::npos);
    EXPECT_EQ(open.error().code(), winrm::errc::no_credentials);
    EXPECT_FALSE(from_file(file("empty", "\nsesame", 0600)));
    EXPECT_FALSE(from_file(file("long", std::string(1025, 'x'), 0600)));
    EXPECT_TRUE(from_file(file("longest", std::string(1024, 'x'), 0600)));
    EXPECT_FALSE(from_file(file("nul", std::string("a\0b", 3), 0600)));
    EXPECT_FALSE(from_file(folder_ + "/none"));
    EXPECT_FALSE(from_file(folder_));
}

TEST_F(Files, s21_PasswordFilesOfWindows)
{
    const std::string mark = "\xEF\xBB\xBF";
    const std::pair<std::string, std::string> good[] = {
        {mark + "sesame\r\n", "sesame"},
        {mark + "s", "s"},
        {"ss\n", "ss"},
        {"\xEF\xBB", "\xEF\xBB"},
        {"a" + mark, "a" + mark},
        {mark + std::string(1024, 'x'), std::string(1024, 'x')},
    };
    for (const auto& [text, password] : good) {
        const auto got = from_file(file("mark", text, 0600));
        ASSERT_TRUE(got) << got.error();
        EXPECT_EQ(got->reveal(), password);
    }
    EXPECT_FALSE(from_file(file("only", mark + "\r\nsesame", 0600)));
    const std::pair<std::string, const char*> foreign[] = {
        {std::string("\xFF\xFEs\0e\0\r\0\n\0", 10), "-f UTF-16 "},
        {std::string("\xFE\xFF\0s\0e\0\r\0\n", 10), "-f UTF-16 "},
        {std::string("\xFF\xFE\x2D\x4E", 4), "-f UTF-16 "},
        {std::string("s\0e\0\r\0\n\0", 8), "-f UTF-16LE "},
    };
    for (const auto& [text, remedy] : foreign) {
        const auto got = from_file(file("wide", text, 0600));
        ASSERT_FALSE(got) << remedy;
        EXPECT_NE(got.error().message().find(remedy), std::string::npos) << got.error();
        EXPECT_EQ(got.error().message().find("longer than"), std::string::npos) << got.error();
    }
    options o;
    o.password_command = "printf '\\357\\273\\277sesame\\r\\n'";
    const auto got = find(o, {});
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->reveal(), "sesame");
}

TEST_F(Files, s21_ConfigurationOfWindows)
{
    const std::string text = "[defaults]\r\nuser = \"ada\"\r\n";
    const auto good = load_config(file("mark", "\xEF\xBB\xBF" + text, 0600));
    ASSERT_TRUE(good && *good) << good.error();
    EXPECT_EQ((*good)->sections.size(), 1U);
    std::string wide = "\xFF\xFE";
    for (const char c : text) wide += {c, '\0'};
    const auto bad = load_config(file("wide", wide, 0600));
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message().find("holds UTF-16 text"), std::string::npos) << bad.error();
}

TEST_F(Files, s18_NoBareWordsOfTheSystem)
{
    const auto none = from_file(folder_ + "/none");
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().message().find("there is no such file: "), std::string::npos) << none.error();
    const auto trace = trace_file::open(folder_ + "/none/trace");
    ASSERT_FALSE(trace);
    EXPECT_NE(trace.error().message().find("there is no such file: "), std::string::npos) << trace.error();
}

TEST_F(Files, PasswordSourcesInOrder)
{
    options o;
    settings s;
    s.user.value = "ada";
    s.host.value = "web1";
    s.password_command.value = "echo configured";
    ::setenv("WINRM_PASSWORD", "environment", 1);
    auto got = find(o, s);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->reveal(), "environment");
    EXPECT_EQ(std::getenv("WINRM_PASSWORD"), nullptr); // children do not inherit it
    got = find(o, s);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->reveal(), "configured");

    ::setenv("WINRM_PASSWORD", "environment", 1);
    o.password_command = "echo \"$WINRM_USER@$WINRM_HOST\"; echo more; test -z \"$WINRM_PASSWORD\"";
    got = find(o, s);
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->reveal(), "ada@web1");
    o.password_command = "echo sesame; exit 1";
    ASSERT_FALSE(got = find(o, s));
    EXPECT_NE(got.error().message().find("password command failed"), std::string::npos);

    o.password_command.clear();
    const auto path = file("fd", "described\n", 0644); // who opened it had the right to
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    o.password_fd = fd;
    ASSERT_TRUE(got = find(o, s));
    EXPECT_EQ(got->reveal(), "described");
    ::close(fd);
}

TEST_F(Files, PasswordCommandThatDoesNotEndIsEnded)
{
    options o;
    settings s;
    for (const char* command :
         {"yes sesame", "echo sesame; exec sleep 1000", "trap '' TERM; echo sesame; exec sleep 1000",
          "sleep 20 & echo sesame", "yes sesame | head -1000"}) {
        o.password_command = command;
        const auto got = find(o, s);
        ASSERT_TRUE(got) << command << ": " << got.error().message();
        EXPECT_EQ(got->reveal(), "sesame") << command;
    }
    o.password_command = "yes | tr -d '\\n'";
    const auto endless = find(o, s);
    ASSERT_FALSE(endless);
    EXPECT_NE(endless.error().message().find("longer than 1024 bytes"), std::string::npos);
}

TEST_F(Files, PasswordCommandIsEndedWithItsWholeGroup)
{
    std::array<int, 2> ends{}; // what the command starts has the end to write: its death is the end of the file
    ASSERT_EQ(::pipe(ends.data()), 0);
    options o;
    o.password_command = "set -- $(cat /proc/$$/stat); test $1 = $5 && test $1 = $6 && echo own session and group;"
                         "(trap '' TERM; sleep 4711; sleep 4711) & sleep 4711";
    const auto got = find(o, {});
    ::close(ends[1]);
    ASSERT_TRUE(got) << got.error();
    EXPECT_EQ(got->reveal(), "own session and group");
    pollfd end{ends[0], POLLIN, 0};
    EXPECT_EQ(::poll(&end, 1, 20'000), 1) << "something of it still runs";
    ::close(ends[0]);
}

TEST_F(Files, WaitingForAPasswordHasALimit)
{
    using clock = std::chrono::steady_clock;
    options o;
    settings s;
    const auto late = [&](const char* what) {
        const auto begin = clock::now();
        int caught = 0;
        const auto got = find_password(o, s, begin + std::chrono::milliseconds(200), caught);
        ASSERT_FALSE(got) << what;
        EXPECT_EQ(got.error().code(), winrm::errc::timeout) << got.error().message();
        EXPECT_LT(clock::now() - begin, std::chrono::seconds(20)) << what;
        EXPECT_EQ(caught, 0);
    };
    for (const char* command : {"exec sleep 100", "sleep 100; echo x", "trap '' TERM; sleep 100; sleep 100",
                                "echo sesame; trap '' TERM; exec sleep 100"}) {
        o.password_command = command;
        late(command);
    }
    o.password_command.clear();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    o.password_fd = ends[0];
    late("descriptor");
    ::close(ends[0]);
    ::close(ends[1]);
    o.password_fd.reset();
    o.password_file = folder_ + "/fifo";
    ASSERT_EQ(::mkfifo(o.password_file.c_str(), 0600), 0);
    late("fifo");
}

TEST_F(Files, SignalsEndTheWaitingInOrder)
{
    options o;
    settings s;
    o.password_command = "kill -TERM $PPID; exec sleep 100";
    int caught = 0;
    const auto got = find_password(o, s, never, caught);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), winrm::errc::cancelled);
    EXPECT_EQ(caught, SIGTERM);
    sigset_t now;
    ASSERT_EQ(::pthread_sigmask(SIG_BLOCK, nullptr, &now), 0);
    EXPECT_EQ(::sigismember(&now, SIGTERM), 0);
}

TEST_F(Files, DescriptorThatIsNotOpen)
{
    options o;
    o.password_fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(*o.password_fd); // the next file that is opened would have this number
    const auto got = find(o, {});
    ASSERT_FALSE(got);
    EXPECT_NE(got.error().message().find("it is closed"), std::string::npos) << got.error().message();
}

TEST_F(Files, TraceIsPrivateEvenWhenTheFileWasNot)
{
    const auto path = file("trace", "old", 0644);
    {
        auto trace = trace_file::open(path);
        ASSERT_TRUE(trace);
        (*trace)->note(1, "connected\x1b[0m");
        (*trace)->message('>', 1, "POST /wsman HTTP/1.1", "<s:Envelope/>");
    }
    struct stat about
    {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0600U);
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    EXPECT_EQ(text.str().find("old"), std::string::npos);
    EXPECT_NE(text.str().find("#1 * connected\\x1b[0m\n"), std::string::npos) << text.str();
    EXPECT_NE(text.str().find("#1 > POST /wsman HTTP/1.1\n<s:Envelope/>\n"), std::string::npos) << text.str();
    EXPECT_FALSE(trace_file::open(folder_ + "/no/such"));
}
