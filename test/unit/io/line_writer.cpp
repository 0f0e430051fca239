#include "io/line_writer.h"

#include "io/log.h"
#include "io/unique_fd.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace winrm;
using weight = io::line_writer::weight;

namespace {

struct ends
{
    io::unique_fd reader, writer;
};

ends make_pipe(int flags)
{
    int both[2] = {-1, -1};
    EXPECT_EQ(::pipe2(both, O_CLOEXEC), 0);
    EXPECT_EQ(::fcntl(both[1], F_SETFL, flags), 0);
    return {io::unique_fd{both[0]}, io::unique_fd{both[1]}};
}

ends make_sockets()
{
    int both[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both), 0);
    return {io::unique_fd{both[0]}, io::unique_fd{both[1]}};
}

/// All that is there, and what comes while the writer brings out the rest.
std::string read_all(int fd, io::line_writer& writer)
{
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    std::string all;
    char piece[65536];
    for (;;) {
        const bool out = writer.flush();
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got > 0) all.append(piece, static_cast<std::size_t>(got));
        else if (out) return all;
    }
}

std::string line_of(int number, std::size_t size)
{
    std::string line = std::to_string(number);
    line.resize(size - 1, '.');
    return line + '\n';
}

/// Item 6 of the issue on attacks: a reader that stalls stops nobody. Of pipes with and without the flag, and sockets.
class LineWriter : public testing::TestWithParam<ends (*)()>
{};

TEST_P(LineWriter, NeverWaitsAndCountsWhatItDrops)
{
    const ends way = GetParam()();
    io::line_writer writer{way.writer.get(), 10'000};
    int written = 0;
    while (writer.lost() < 50) writer.write(line_of(written++, 200), weight::heavy);
    EXPECT_TRUE(writer.waits());
    const std::string all = read_all(way.reader.get(), writer);
    std::string expected;
    for (int i = 0; i < written - 50; ++i) expected += line_of(i, 200);
    EXPECT_EQ(all, expected) << "in order, each whole, the latest lost";
    writer.told_lost();
    writer.write("again\n", weight::light);
    EXPECT_EQ(read_all(way.reader.get(), writer), "again\n");
    EXPECT_EQ(writer.lost(), 0u);
}

TEST_P(LineWriter, LightLinesLeaveRoomForHeavyOnes)
{
    const ends way = GetParam()();
    io::line_writer writer{way.writer.get(), 10'000};
    while (writer.lost() == 0) writer.write(line_of(1, 200), weight::light);
    for (int i = 0; i < 20; ++i) writer.write(line_of(7, 200), weight::heavy);
    EXPECT_EQ(writer.lost(), 1u);
    EXPECT_NE(read_all(way.reader.get(), writer).find("\n7"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Ways, LineWriter,
                         testing::Values(
                             +[] { return make_pipe(O_NONBLOCK); }, +[] { return make_pipe(0); }, make_sockets));

TEST(LineWriterEnd, AReaderThatHasGoneIsALossAndNoSignal)
{
    ::signal(SIGPIPE, SIG_IGN);
    ends way = make_pipe(O_NONBLOCK);
    way.reader.reset();
    io::line_writer writer{way.writer.get()};
    writer.write("x\n", weight::heavy);
    EXPECT_EQ(writer.lost(), 1u);
    EXPECT_FALSE(writer.waits());
    writer.flush_within(1);
}

/// Standard error becomes the pipe for the time of the test.
class StandardError : public testing::Test
{
protected:
    void SetUp() override
    {
        before = io::unique_fd{::dup(STDERR_FILENO)};
        way = make_pipe(0);
        ::dup2(way.writer.get(), STDERR_FILENO);
    }
    void TearDown() override { ::dup2(before.get(), STDERR_FILENO); }
    io::unique_fd before;
    ends way;
};

TEST_F(StandardError, OurOwnFlagIsNobodyElses)
{
    io::own_standard_error();
    EXPECT_NE(::fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::fcntl(way.writer.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(::write(STDERR_FILENO, "x", 1), 1);
    char c = 0;
    EXPECT_EQ(::read(way.reader.get(), &c, 1), 1);
}

TEST_F(StandardError, ALogSaysHowManyLinesWereLostWithoutANewOne)
{
    io::own_standard_error();
    io::loop loop;
    std::string text;
    {
        const auto log = io::stderr_log(loop, "unit", base::log_level::debug);
        for (int i = 0; i < 3000; ++i)
            log->write(base::log_level::warning, "event",
                       {{"text", std::string(1000, 'x')}, {"number", std::to_string(i)}});
        ::fcntl(way.reader.get(), F_SETFL, O_NONBLOCK);
        char piece[65536];
        while (text.find("log_lines_lost") == std::string::npos) {
            const ssize_t got = ::read(way.reader.get(), piece, sizeof piece);
            if (got > 0) text.append(piece, static_cast<std::size_t>(got));
            else ASSERT_TRUE(loop.run_one()) << "nobody would bring the rest out";
        }
    }
    std::size_t kept = 0;
    for (std::size_t at = 0; (at = text.find(" event ", at)) != std::string::npos; ++at) ++kept;
    EXPECT_NE(text.find("log_lines_lost count=" + std::to_string(3000 - kept) + '\n'), std::string::npos);
    EXPECT_GT(kept, 200u);
}

} // namespace
