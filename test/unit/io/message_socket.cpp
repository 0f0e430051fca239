#include "io/message_socket.h"

#include "base/secret.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>

namespace {

using namespace winrm;

/// Both ends on one loop; what arrives at `b` is kept.
struct pair
{
    explicit pair(std::size_t max_payload = 1024 * 1024, std::size_t max_fds = 4)
    {
        auto [x, y] = io::make_socket_pair();
        a.emplace(loop, std::move(x), max_payload, max_fds);
        b.emplace(loop, std::move(y), max_payload, max_fds);
    }
    void listen()
    {
        b->start([this](io::message_socket::message m) { got.push_back(std::move(m)); }, [this] { ++closed; });
    }
    io::loop loop;
    std::optional<io::message_socket> a, b;
    std::vector<io::message_socket::message> got;
    int closed = 0;
};

io::unique_fd file_with(const char* text)
{
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    EXPECT_EQ(::write(ends[1], text, std::strlen(text)), static_cast<ssize_t>(std::strlen(text)));
    ::close(ends[1]);
    return io::unique_fd(ends[0]);
}

std::string text_in(const io::unique_fd& fd)
{
    char buffer[64];
    const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
    return got > 0 ? std::string(buffer, static_cast<std::size_t>(got)) : std::string();
}

TEST(message_socket, frames_of_all_sizes_keep_their_borders_and_order)
{
    pair p;
    p.listen();
    std::vector<std::string> sent;
    for (std::size_t size : {0u, 1u, 7u, 8u, 9u, 65527u, 65528u, 65529u, 300000u, 1048576u, 3u}) {
        sent.push_back(std::string(size, static_cast<char>('a' + sent.size())));
        p.a->send(sent.back());
    }
    p.a->send("head-", "body");
    sent.push_back("head-body");
    int drained = 0;
    p.a->when_drained([&] {
        ++drained;
        EXPECT_EQ(p.a->pending(), 0u);
        p.a.reset(); // then the other end closes
    });
    p.loop.run();
    ASSERT_EQ(p.got.size(), sent.size());
    for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(p.got[i].payload, sent[i]) << i;
    EXPECT_EQ(drained, 1);
    EXPECT_EQ(p.closed, 1);
}

TEST(message_socket, descriptors_stay_with_their_frame)
{
    pair p;
    p.listen();
    p.a->send("none");
    for (int i = 0; i < 20; ++i) {
        std::vector<io::unique_fd> fds;
        fds.push_back(file_with(("first" + std::to_string(i)).c_str()));
        if (i % 2 == 0) fds.push_back(file_with(("second" + std::to_string(i)).c_str()));
        p.a->send(std::string(static_cast<std::size_t>(i) * 20000, 'x'),
                  std::move(fds)); // beyond the socket's buffer too
        p.a->send("between");
    }
    p.a->when_drained([&] { p.a.reset(); });
    p.loop.run();
    ASSERT_EQ(p.got.size(), 41u);
    EXPECT_TRUE(p.got[0].fds.empty());
    for (int i = 0; i < 20; ++i) {
        const auto& m = p.got[static_cast<std::size_t>(1 + 2 * i)];
        ASSERT_EQ(m.fds.size(), i % 2 == 0 ? 2u : 1u) << i;
        EXPECT_EQ(text_in(m.fds[0]), "first" + std::to_string(i));
        if (i % 2 == 0) {
            EXPECT_EQ(text_in(m.fds[1]), "second" + std::to_string(i));
        }
        EXPECT_EQ(::fcntl(m.fds[0].get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        EXPECT_TRUE(p.got[static_cast<std::size_t>(2 + 2 * i)].fds.empty());
    }
}

TEST(message_socket, descriptors_that_wait_are_not_forgotten_for_small_frames_behind_them)
{
    pair p;
    p.a->send(std::string(1024 * 1024, 'x')); // more than the kernel takes while nobody reads
    for (int i = 0; i < 20; ++i) {
        std::vector<io::unique_fd> fds;
        fds.push_back(file_with(std::to_string(i).c_str()));
        p.a->send("with", std::move(fds));
        p.a->send("without");
        p.a->send("without");
    }
    p.a->when_drained([&] { p.a.reset(); });
    p.listen();
    p.loop.run();
    ASSERT_EQ(p.got.size(), 61U);
    for (std::size_t i = 0; i < 20; ++i) {
        ASSERT_EQ(p.got[1 + 3 * i].fds.size(), 1U) << i;
        EXPECT_EQ(text_in(p.got[1 + 3 * i].fds[0]), std::to_string(i));
        EXPECT_TRUE(p.got[2 + 3 * i].fds.empty()) << i;
    }
}

TEST(message_socket, too_long_a_frame_or_too_many_descriptors_end_it)
{
    {
        pair p(100, 1);
        p.listen();
        p.a->send(std::string(100, 'x'));
        p.a->send(std::string(101, 'x'));
        p.loop.run();
        EXPECT_EQ(p.got.size(), 1u);
        EXPECT_EQ(p.closed, 1);
    }
    for (const std::size_t allowed : {std::size_t{0}, std::size_t{1}}) {
        pair p(100, allowed);
        p.listen();
        std::vector<io::unique_fd> fds;
        for (std::size_t i = 0; i <= allowed; ++i) fds.push_back(file_with("x"));
        p.a->send("x", std::move(fds));
        p.loop.run();
        EXPECT_TRUE(p.got.empty());
        EXPECT_EQ(p.closed, 1);
    }
}

TEST(message_socket, a_frame_that_claims_descriptors_it_does_not_bring_ends_it)
{
    io::loop loop;
    auto [x, y] = io::make_socket_pair();
    io::message_socket b(loop, std::move(y), 100, 4);
    int messages = 0, closed = 0;
    b.start([&](io::message_socket::message) { ++messages; }, [&] { ++closed; });
    const char frame[] = {1, 0, 0, 0, 1, 0, 0, 0, 'x'};
    ASSERT_EQ(::write(x.get(), frame, sizeof frame), static_cast<ssize_t>(sizeof frame));
    loop.run();
    EXPECT_EQ(messages, 0);
    EXPECT_EQ(closed, 1);
}

TEST(message_socket, descriptors_without_a_free_number_are_lost_and_nothing_else)
{
    pair p;
    p.listen();
    const auto send = [&](const char* text, int count) {
        std::vector<io::unique_fd> fds;
        for (int i = 0; i < count; ++i) fds.push_back(file_with(text));
        p.a->send(text, std::move(fds));
    };
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    send("first", 1);
    send("second", 2);
    p.a->send("without");
    const io::unique_fd last = file_with("x"); // the lowest free number: from here on there is none
    const rlimit low{static_cast<rlim_t>(last.get()) + 1, before.rlim_max};
    std::vector<io::unique_fd> filling;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    for (int fd; (fd = ::dup(last.get())) >= 0;) filling.emplace_back(fd);
    while (p.got.size() < 3 && p.closed == 0) p.loop.run_one();
    filling.clear();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    send("later", 2);
    p.a->when_drained([&] { p.a.reset(); });
    p.loop.run();
    EXPECT_EQ(p.closed, 1);
    ASSERT_EQ(p.got.size(), 4u);
    const char* texts[] = {"first", "second", "without", "later"};
    for (std::size_t i = 0; i < 4; ++i) {
        EXPECT_EQ(p.got[i].payload, texts[i]);
        EXPECT_EQ(p.got[i].fds_lost, i < 2) << i;
        EXPECT_EQ(p.got[i].fds.size(), i == 3 ? 2u : 0u) << i;
    }
    EXPECT_EQ(text_in(p.got[3].fds[1]), "later");
}

TEST(message_socket, some_lost_are_all_lost)
{
    pair p;
    p.listen();
    std::vector<io::unique_fd> fds;
    for (int i = 0; i < 3; ++i) fds.push_back(file_with("x"));
    p.a->send("three", std::move(fds));
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const io::unique_fd last = file_with("x");
    const rlimit low{static_cast<rlim_t>(last.get()) + 2, before.rlim_max}; // one number is free
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    while (p.got.empty() && p.closed == 0) p.loop.run_one();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    ASSERT_EQ(p.got.size(), 1u);
    EXPECT_TRUE(p.got[0].fds_lost);
    EXPECT_TRUE(p.got[0].fds.empty());
}

TEST(message_socket, peer_gone_in_the_middle_of_a_frame_closes_without_it)
{
    const std::string frame = std::string({5, 0, 0, 0, 0, 0, 0, 0}) + "hello";
    for (std::size_t cut = 0; cut <= frame.size(); ++cut) {
        io::loop loop;
        auto [x, y] = io::make_socket_pair();
        io::message_socket b(loop, std::move(y), 100, 0);
        std::size_t messages = 0;
        int closed = 0;
        b.start(
            [&](io::message_socket::message m) {
                ++messages;
                EXPECT_EQ(m.payload, "hello");
            },
            [&] { ++closed; });
        ASSERT_EQ(::write(x.get(), frame.data(), cut), static_cast<ssize_t>(cut));
        x.reset();
        loop.run();
        EXPECT_EQ(messages, cut == frame.size() ? 1u : 0u) << cut;
        EXPECT_EQ(closed, 1) << cut;
    }
}

TEST(message_socket, byte_by_byte_gives_the_same)
{
    io::loop loop;
    auto [x, y] = io::make_socket_pair();
    io::message_socket b(loop, std::move(y), 100, 0);
    std::vector<std::string> got;
    b.start([&](io::message_socket::message m) { got.push_back(std::move(m.payload)); }, [] {});
    const std::string wire = std::string({2, 0, 0, 0, 0, 0, 0, 0}) + "ab" + std::string(8, '\0') +
                             std::string({1, 0, 0, 0, 0, 0, 0, 0}) + "c";
    for (const char c : wire) {
        ASSERT_EQ(::write(x.get(), &c, 1), 1);
        ASSERT_TRUE(loop.run_one());
    }
    EXPECT_EQ(got, (std::vector<std::string>{"ab", "", "c"}));
}

TEST(message_socket, pause_holds_back_even_what_is_read_already)
{
    pair p;
    p.b->start(
        [&](io::message_socket::message m) {
            p.got.push_back(std::move(m));
            p.b->pause();
        },
        [&] { ++p.closed; });
    for (const char* text : {"one", "two", "three"}) p.a->send(text);
    p.loop.run(); // returns: nothing is waited for while paused
    for (std::size_t n = 1; n <= 3; ++n) {
        ASSERT_EQ(p.got.size(), n);
        p.b->resume();
        if (n == 3) p.a.reset();
        p.loop.run();
    }
    EXPECT_EQ(p.got[2].payload, "three");
    EXPECT_EQ(p.closed, 1);
}

TEST(message_socket, a_peer_that_does_not_read_makes_pending_grow_and_drain_later)
{
    pair p(16 * 1024 * 1024);
    const std::string big(8 * 1024 * 1024, 'x');
    p.a->send(big);
    EXPECT_GT(p.a->pending(), 0u);
    bool drained = false;
    p.a->when_drained([&] {
        drained = true;
        p.a.reset();
    });
    EXPECT_FALSE(drained);
    p.listen();
    p.loop.run();
    EXPECT_TRUE(drained);
    ASSERT_EQ(p.got.size(), 1u);
    EXPECT_EQ(p.got[0].payload, big);
}

TEST(message_socket, handlers_may_destroy_it)
{
    pair p;
    int messages = 0;
    p.b->start(
        [&](io::message_socket::message) {
            ++messages;
            p.b.reset();
        },
        [] { FAIL(); });
    p.a->send("one");
    p.a->send("two");
    int closed = 0;
    p.a->start([](io::message_socket::message) { FAIL(); },
               [&] {
                   ++closed;
                   p.a.reset();
               });
    p.loop.run();
    EXPECT_EQ(messages, 1);
    EXPECT_EQ(closed, 1);
}

TEST(message_socket, sending_to_a_peer_that_is_gone_neither_signals_nor_hangs)
{
    pair p;
    p.b.reset();
    int closed = 0;
    p.a->start([](io::message_socket::message) { FAIL(); }, [&] { ++closed; });
    p.a->send("x");
    p.a->send(std::string(100000, 'x'));
    bool drained = false;
    p.a->when_drained([&] { drained = true; });
    p.loop.run();
    EXPECT_EQ(closed, 1);
    EXPECT_TRUE(drained);
    EXPECT_EQ(p.a->pending(), 0u);
}

/// How often does the text stand in this process's memory?  @param masked  each byte of it with the lowest bit turned,
/// so that the question is no answer.
std::size_t occurrences(const std::string& masked)
{
    std::size_t found = 0;
    const io::unique_fd memory{::open("/proc/self/mem", O_RDONLY | O_CLOEXEC)};
    std::ifstream maps{"/proc/self/maps"};
    std::vector<char> piece;
    for (std::string line; std::getline(maps, line);) {
        unsigned long from = 0, to = 0;
        char access[5] = "";
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, access) != 3 || access[1] != 'w') continue;
        if (to - from > 256ul * 1024 * 1024) continue; // a sanitizer's own
        piece.resize(to - from);
        const ssize_t got = ::pread(memory.get(), piece.data(), piece.size(), static_cast<off_t>(from));
        const auto same = [](char kept, char wanted) { return kept == static_cast<char>(wanted ^ 1); };
        const char* const end = piece.data() + std::max<ssize_t>(got, 0);
        for (const char* at = piece.data(); at < end; ++at) {
            at = static_cast<const char*>(std::memchr(at, masked.front() ^ 1, static_cast<std::size_t>(end - at)));
            if (at == nullptr || static_cast<std::size_t>(end - at) < masked.size()) break;
            if (std::equal(masked.begin(), masked.end(), at,
                           [&](char wanted, char kept) { return same(kept, wanted); }))
                ++found;
        }
        std::fill(piece.begin(), piece.end(), '\0'); // or the next look finds what this one has read
    }
    return found;
}

TEST(message_socket, what_carries_secrets_leaves_none_behind)
{
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "SKIPPED: the search through all memory takes minutes under TSan, and has no threads";
#endif
    std::string masked = "qzcv-lnfhb-7719-";
    for (char& c : masked) c = static_cast<char>(c ^ 1);
    std::string secret = masked;
    for (char& c : secret) c = static_cast<char>(c ^ 1);
    const std::size_t before = occurrences(masked);
    ASSERT_GE(before, 1u) << "the search finds nothing";
    for (const bool read : {true, false}) {
        pair p;
        p.a->wipe_after_use();
        p.b->wipe_after_use();
        if (read) p.listen();
        std::string frame;
        frame.reserve(401'000);
        while (frame.size() < 400'000) frame.append(400, 'x').append(secret); // more than the kernel takes at once
        for (int i = 0; i < 3; ++i) p.a->send(frame);
        base::wipe(frame.data(), frame.size());
        while (read && p.got.size() < 3) p.loop.run_one();
        for (auto& m : p.got) base::wipe(m.payload.data(), m.payload.size());
        EXPECT_EQ(p.a->pending() == 0, read);
        p.a.reset();
        p.b.reset();
        // A frame has nearly a thousand; the search itself may leave a few on the stack.
        EXPECT_LT(occurrences(masked), before + 50) << read;
    }
}

} // namespace
