// Standard input and output on pipes and files, driven by a loop.
#include "cli/input.h"
#include "cli/output.h"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

using namespace winrm;

namespace {

struct pipe_pair
{
    pipe_pair() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
    ~pipe_pair()
    {
        close_read();
        close_write();
    }
    void close_read() { shut(0); }
    void close_write() { shut(1); }
    std::array<int, 2> ends{};

private:
    void shut(std::size_t i)
    {
        if (ends[i] >= 0) ::close(ends[i]);
        ends[i] = -1;
    }
};

std::string drain(int fd)
{
    std::string out(1024 * 1024, '\0');
    const ssize_t n = ::read(fd, out.data(), out.size());
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return out;
}

} // namespace

TEST(Output, SlowReaderIsReportedAndNothingIsLost)
{
    pipe_pair p;
    io::loop loop;
    int full = 0, room = 0;
    cli::output out(loop, p.ends[1], false, {[&] { ++full; }, [&] { ++room; }, [] { FAIL(); }});
    std::string sent, got;
    while (full == 0 && sent.size() < 8 * 1024 * 1024) {
        const std::string piece(50'000, static_cast<char>('a' + sent.size() % 26));
        out.write(piece);
        sent += piece;
    }
    ASSERT_EQ(full, 1);
    EXPECT_FALSE(out.empty());
    while (got.size() < sent.size()) {
        got += drain(p.ends[0]);
        if (!out.empty()) loop.run_one();
    }
    EXPECT_TRUE(got == sent);
    EXPECT_EQ(room, 1);
    EXPECT_TRUE(out.empty());
}

TEST(Output, PipesGetEveryByte)
{
    pipe_pair p;
    io::loop loop;
    cli::output out(loop, p.ends[1], false, {});
    out.write("\x1b[31m\xff");
    out.end();
    EXPECT_EQ(drain(p.ends[0]), "\x1b[31m\xff");
    EXPECT_EQ(::fcntl(p.ends[1], F_GETFL) & O_NONBLOCK, 0); // others that share the pipe are not disturbed
}

TEST(Output, GoneReaderIsBroken)
{
    std::signal(SIGPIPE, SIG_IGN);
    pipe_pair p;
    io::loop loop;
    bool broken = false;
    cli::output out(loop, p.ends[1], false, {{}, {}, [&] { broken = true; }});
    p.close_read();
    out.write("x");
    EXPECT_EQ(out.failure(), EPIPE);
    EXPECT_TRUE(out.empty());
    loop.run_one();
    EXPECT_TRUE(broken);
}

TEST(Input, WhatIsNone)
{
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    EXPECT_FALSE(cli::has_input(null));
    ::close(null);
    EXPECT_FALSE(cli::has_input(null)); // closed
    pipe_pair p;
    EXPECT_TRUE(cli::has_input(p.ends[0]));
    p.close_write();
    EXPECT_TRUE(cli::has_input(p.ends[0])); // its end is sent
}

TEST(Input, PipeWhoseWriterHasGoneEnds)
{
    pipe_pair p;
    ASSERT_EQ(::write(p.ends[1], "hello", 5), 5);
    p.close_write();
    io::loop loop;
    std::string got;
    bool ended = false;
    cli::input* self = nullptr;
    cli::input in(loop, p.ends[0],
                  {[&](std::string data, bool end) {
                       got += data;
                       ended = end;
                       if (!end) self->want();
                   },
                   [] { FAIL(); }});
    self = &in;
    in.want();
    while (!ended && loop.run_one()) {}
    EXPECT_TRUE(ended);
    EXPECT_EQ(got, "hello");
}

TEST(Input, WaitsForAWriterAndReadsOnlyWhenWanted)
{
    pipe_pair p;
    io::loop loop;
    std::string got;
    int pieces = 0;
    cli::input in(loop, p.ends[0],
                  {[&](std::string data, bool) {
                       got += data;
                       ++pieces;
                   },
                   [] { FAIL(); }});
    in.want();
    loop.post([&] { ASSERT_EQ(::write(p.ends[1], "a", 1), 1); });
    while (pieces == 0 && loop.run_one()) {}
    EXPECT_EQ(got, "a");
    ASSERT_EQ(::write(p.ends[1], "b", 1), 1);
    EXPECT_EQ(pieces, 1); // nothing is read before want()
    in.want();
    while (pieces == 1 && loop.run_one()) {}
    EXPECT_EQ(got, "ab");
}

TEST(Input, FilesAreReadToTheirEnd)
{
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const std::string text(300'000, 'x');
    ASSERT_EQ(std::fwrite(text.data(), 1, text.size(), file), text.size());
    std::fflush(file);
    EXPECT_FALSE(cli::has_input(::fileno(file))); // at its end
    std::rewind(file);
    EXPECT_TRUE(cli::has_input(::fileno(file)));
    io::loop loop;
    std::size_t got = 0;
    bool ended = false;
    cli::input* self = nullptr;
    cli::input in(loop, ::fileno(file),
                  {[&](std::string data, bool end) {
                       got += data.size();
                       ended = end;
                       if (!end) self->want();
                   },
                   [] { FAIL(); }});
    self = &in;
    in.want();
    while (!ended && loop.run_one()) {}
    EXPECT_EQ(got, text.size());
    std::fclose(file);
}

TEST(Input, WhatCannotBeReadHasNotEnded)
{
    const int folder = ::open("/", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(folder, 0);
    EXPECT_TRUE(cli::has_input(folder));
    io::loop loop;
    bool broken = false;
    cli::input in(loop, folder, {[](const std::string&, bool) { FAIL(); }, [&] { broken = true; }});
    in.want();
    while (!broken && loop.run_one()) {}
    EXPECT_EQ(in.failure(), EISDIR);
    ::close(folder);
}

TEST(Input, TerminalThatIsGoneHasEnded)
{
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(master, 0);
    ASSERT_EQ(::grantpt(master), 0);
    ASSERT_EQ(::unlockpt(master), 0);
    const int terminal = ::open(::ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ASSERT_GE(terminal, 0);
    io::loop loop;
    bool ended = false;
    cli::input in(loop, terminal, {[&](const std::string&, bool end) { ended = end; }, [] { FAIL(); }});
    ::close(master);
    in.want();
    while (!ended && loop.run_one()) {}
    EXPECT_TRUE(ended);
    ::close(terminal);
}
