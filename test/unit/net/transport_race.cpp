#include "net/transport_race.h"

#include "loopback_port.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using namespace winrm;
using namespace std::chrono_literals;
using net::race_decision;
using net::race_port;
using step = race_decision::step;
using test::listens;
using test::loopback_port;

// ---- the decision, under a clock that the test moves

const base::time_point start{1000s};

enum class happens { tls_connects, tls_fails, plain_connects, plain_fails, time_passes };
struct moment
{
    int at; ///< ms from the start
    happens what;
};
struct race
{
    const char* name;
    std::vector<moment> moments;
    std::string expected; ///< steps, each with its time
    int until = 10000;
};

const char* name(step s)
{
    switch (s) {
    case step::try_tls: return "try_tls";
    case step::try_plain: return "try_plain";
    case step::take_tls: return "take_tls";
    case step::take_plain: return "take_plain";
    case step::give_up: return "give_up";
    }
    return "?";
}

/// Plays a race: what is due by the clock happens at its time, between the moments.
std::string played(const race& r)
{
    std::string out;
    race_decision decision(start + std::chrono::milliseconds(r.until), start);
    const auto told = [&](int at) {
        while (const auto s = decision.poll())
            out += (out.empty() ? "" : ", ") + std::string(name(*s)) + " " + std::to_string(at);
    };
    const auto clock = [&](int to) {
        while (decision.deadline() <= start + std::chrono::milliseconds(to)) {
            const auto due = decision.deadline();
            decision.handle_timeout(due - 1ms); // too early: nothing
            EXPECT_FALSE(decision.poll()) << r.name;
            decision.handle_timeout(due);
            told(static_cast<int>((due - start) / 1ms));
        }
    };
    told(0);
    for (const moment& m : r.moments) {
        clock(m.at);
        const auto now = start + std::chrono::milliseconds(m.at);
        switch (m.what) {
        case happens::tls_connects: decision.handle_connected(race_port::tls, now); break;
        case happens::tls_fails: decision.handle_failed(race_port::tls); break;
        case happens::plain_connects: decision.handle_connected(race_port::plain, now); break;
        case happens::plain_fails: decision.handle_failed(race_port::plain); break;
        case happens::time_passes: decision.handle_timeout(now); break;
        }
        told(m.at);
    }
    clock(1'000'000);
    EXPECT_EQ(decision.deadline(), base::time_point::max()) << r.name;
    return out;
}

TEST(race_decision, p10_table_of_races)
{
    using enum happens;
    const race rows[] = {
        {"TLS answers: the plain port is not tried", {{30, tls_connects}}, "try_tls 0, take_tls 30"},
        {"TLS refused: plain at once", {{1, tls_fails}, {2, plain_connects}}, "try_tls 0, try_plain 1, take_plain 2"},
        {"TLS silent: plain after the head start, taken after the grace",
         {{260, plain_connects}},
         "try_tls 0, try_plain 250, take_plain 360"},
        {"TLS within the grace",
         {{260, plain_connects}, {359, tls_connects}},
         "try_tls 0, try_plain 250, take_tls 359"},
        {"TLS after the grace",
         {{260, plain_connects}, {361, tls_connects}},
         "try_tls 0, try_plain 250, take_plain 360"},
        {"TLS refused within the grace: no more waiting",
         {{260, plain_connects}, {300, tls_fails}},
         "try_tls 0, try_plain 250, take_plain 300"},
        {"a slow network: TLS answers first",
         {{600, tls_connects}, {850, plain_connects}},
         "try_tls 0, try_plain 250, take_tls 600"},
        {"TLS refused late", {{300, tls_fails}, {550, plain_connects}}, "try_tls 0, try_plain 250, take_plain 550"},
        {"TLS alone is left", {{260, plain_fails}, {5000, tls_connects}}, "try_tls 0, try_plain 250, take_tls 5000"},
        {"both refused", {{1, tls_fails}, {2, plain_fails}}, "try_tls 0, try_plain 1, give_up 2"},
        {"both refused, plain first", {{260, plain_fails}, {300, tls_fails}}, "try_tls 0, try_plain 250, give_up 300"},
        {"nobody answers", {}, "try_tls 0, try_plain 250, give_up 10000"},
        {"plain refused, TLS silent", {{260, plain_fails}}, "try_tls 0, try_plain 250, give_up 10000"},
        {"TLS refused, plain silent", {{1, tls_fails}}, "try_tls 0, try_plain 1, give_up 10000"},
        {"time ends within the head start", {}, "try_tls 0, give_up 100", 100},
        {"time ends within the grace: what is there is taken",
         {{260, plain_connects}},
         "try_tls 0, try_plain 250, take_plain 300",
         300},
        {"time ends at the head start", {}, "try_tls 0, give_up 250", 250},
        {"no time at all", {}, "try_tls 0, give_up -5", -5},
        {"a port that was not tried, and answers after the end",
         {{1, plain_connects},
          {2, plain_fails},
          {3, time_passes},
          {30, tls_connects},
          {31, tls_connects},
          {32, tls_fails},
          {33, plain_connects}},
         "try_tls 0, take_tls 30"},
    };
    for (const race& r : rows) EXPECT_EQ(played(r), r.expected) << r.name;
}

// ---- with sockets

/// 127.0.0.1 as the addresses of any name, which are counted.
struct counted_names
{
    explicit counted_names(io::loop& on)
        : names(on, [this] {
              net::resolver_options o;
              o.cached = 0; // so that each lookup is one of the system's
              o.look_up = [count = count](const std::string&) {
                  ++*count;
                  net::lookup out;
                  net::address a;
                  auto& four = reinterpret_cast<sockaddr_in&>(a.storage);
                  four.sin_family = AF_INET;
                  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
                  a.size = sizeof four;
                  out.found.push_back(a);
                  return out;
              };
              return o;
          }())
    {}
    std::shared_ptr<std::atomic<int>> count = std::make_shared<std::atomic<int>>(0); ///< a thread may outlive us
    net::resolver names;
};

using answer = std::optional<result<net::raced_socket>>;

std::size_t open_descriptors()
{
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

answer raced(const loopback_port& tls, const loopback_port& plain, std::chrono::milliseconds time = 60s,
             net::race_timing timing = {})
{
    io::loop loop;
    counted_names system(loop);
    answer got;
    const net::transport_race op(
        system.names, "web1.example", loop.now() + time,
        [&](result<net::raced_socket> r) {
            EXPECT_FALSE(got) << "called twice";
            got.emplace(std::move(r));
        },
        {tls.number, plain.number}, timing);
    EXPECT_FALSE(got) << "never from within";
    loop.run();
    EXPECT_EQ(*system.count, 1) << "one lookup serves both ports";
    return got;
}

std::uint16_t port_of(const io::unique_fd& socket)
{
    sockaddr_in at{};
    socklen_t size = sizeof at;
    EXPECT_EQ(::getpeername(socket.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    return ntohs(at.sin_port);
}

bool was_asked(const loopback_port& p)
{
    return static_cast<bool>(io::unique_fd(::accept4(p.fd.get(), nullptr, nullptr, SOCK_NONBLOCK)));
}

void nonblocking(const loopback_port& p) { ASSERT_EQ(::fcntl(p.fd.get(), F_SETFL, O_NONBLOCK), 0); }

TEST(transport_race, p10_who_answers_is_taken)
{
    struct row
    {
        listens tls, plain;
        bool takes_tls;
    };
    for (const row& r : {row{listens::yes, listens::yes, true}, row{listens::yes, listens::no, true},
                         row{listens::yes, listens::silent, true}, row{listens::no, listens::yes, false},
                         row{listens::silent, listens::yes, false}}) {
        SCOPED_TRACE(std::to_string(static_cast<int>(r.tls)) + std::to_string(static_cast<int>(r.plain)));
        const loopback_port tls(r.tls), plain(r.plain);
        const auto before = open_descriptors();
        auto got = raced(tls, plain);
        ASSERT_TRUE(got && *got) << (got ? got->error().message() : "not called");
        EXPECT_EQ((*got)->tls, r.takes_tls);
        EXPECT_EQ(port_of((*got)->socket), r.takes_tls ? tls.number : plain.number);
        (*got)->socket.reset();
        EXPECT_EQ(open_descriptors(), before);
    }
}

TEST(transport_race, a_host_with_tls_is_asked_for_nothing_else)
{
    const loopback_port tls(listens::yes), plain(listens::yes);
    nonblocking(plain);
    ASSERT_TRUE(raced(tls, plain, 120s, {60s, 1s}));
    EXPECT_FALSE(was_asked(plain));
}

/// The TLS port is silent at first: its queue is emptied when the plain port has been connected.
TEST(transport_race, tls_is_preferred_when_it_answers_within_the_grace)
{
    const loopback_port tls(listens::silent), plain(listens::yes);
    io::loop loop;
    counted_names system(loop);
    answer got;
    io::descriptor seen(loop, ::dup(plain.fd.get()));
    seen.when_readable([&] { EXPECT_EQ(::close(::accept(tls.fd.get(), nullptr, nullptr)), 0); });
    const net::transport_race op(system.names, "web1.example", loop.now() + 60s,
                                 [&](result<net::raced_socket> r) { got.emplace(std::move(r)); },
                                 {tls.number, plain.number}, {0ms, 30s}); // the kernel asks again after a second
    while (!got && loop.run_one()) {}
    ASSERT_TRUE(got && *got) << (got ? got->error().message() : "not called");
    EXPECT_TRUE((*got)->tls);
}

TEST(transport_race, nobody_answers_and_the_error_tells_about_both_ports)
{
    struct row
    {
        listens tls, plain;
        errc code;
        const char *first, *second;
    };
    for (const row& r : {row{listens::no, listens::no, errc::connect, "refuses", "the same on port"},
                         row{listens::silent, listens::silent, errc::timeout, "in time", "the same on port"},
                         row{listens::no, listens::silent, errc::timeout, "refuses", "in time"},
                         row{listens::silent, listens::no, errc::timeout, "in time", "refuses"}}) {
        const loopback_port tls(r.tls), plain(r.plain);
        const auto before = open_descriptors();
        const auto got = raced(tls, plain, 300ms, {0ms, 0ms});
        ASSERT_TRUE(got && !*got);
        const std::string& text = got->error().message();
        EXPECT_EQ(got->error().code(), r.code) << text;
        const auto first = text.find("port " + std::to_string(tls.number)),
                   second = text.find("port " + std::to_string(plain.number));
        ASSERT_TRUE(first != std::string::npos && second != std::string::npos && first < second) << text;
        EXPECT_NE(text.find(r.first), std::string::npos) << text;
        EXPECT_NE(text.find(r.second), std::string::npos) << text;
        EXPECT_EQ(open_descriptors(), before);
    }
}

TEST(transport_race, a_name_that_is_unknown_or_slow_is_no_matter_of_ports)
{
    io::loop loop;
    net::resolver_options o;
    const auto open = std::make_shared<std::latch>(1);
    o.look_up = [open](const std::string& name) {
        if (name == "slow.example") open->wait();
        return net::lookup{EAI_NONAME, 0, {}};
    };
    net::resolver names(loop, o);
    for (const auto& [host, until, code] : {std::tuple{"nowhere.example", base::time_point::max(), errc::unresolved},
                                            std::tuple{"slow.example", base::time_point::min(), errc::timeout}}) {
        answer got;
        const net::transport_race op(names, host, until,
                                     [&](result<net::raced_socket> r) { got.emplace(std::move(r)); });
        loop.run();
        ASSERT_TRUE(got && !*got);
        EXPECT_EQ(got->error().code(), code) << got->error();
        EXPECT_NE(got->error().message().find(host), std::string::npos);
        EXPECT_EQ(got->error().message().find("port"), std::string::npos) << got->error();
    }
    open->count_down();
}

TEST(transport_race, destroyed_is_never_called_and_leaves_nothing_open)
{
    const loopback_port tls(listens::silent), plain(listens::yes);
    const auto before = open_descriptors();
    {
        io::loop loop;
        counted_names system(loop);
        const auto never = [](const result<net::raced_socket>&) { FAIL(); };
        const auto make = [&] {
            return std::make_unique<net::transport_race>(system.names, "web1.example", base::time_point::max(), never,
                                                         net::race_ports{tls.number, plain.number},
                                                         net::race_timing{0ms, 60s});
        };
        auto at_once = make();
        at_once.reset();
        auto looking_up = make();
        loop.post([&] { looking_up.reset(); });
        loop.run();
        auto in_grace = make(); // both under way, and the plain port has connected
        io::descriptor seen(loop, ::dup(plain.fd.get()));
        seen.when_readable([&] { loop.post([&] { in_grace.reset(); }); });
        loop.run();
    }
    EXPECT_EQ(open_descriptors(), before);
}

TEST(transport_race, who_is_answered_may_destroy_it)
{
    const loopback_port tls(listens::yes), plain(listens::yes);
    io::loop loop;
    counted_names system(loop);
    std::unique_ptr<net::transport_race> op;
    int calls = 0;
    op = std::make_unique<net::transport_race>(
        system.names, "web1.example", base::time_point::max(),
        [&](const result<net::raced_socket>& r) {
            EXPECT_TRUE(r);
            ++calls;
            op.reset();
        },
        net::race_ports{tls.number, plain.number});
    loop.run();
    EXPECT_EQ(calls, 1);
}

} // namespace
