#include "net/resolve.h"

#include <gtest/gtest.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

namespace {

using namespace winrm;
using answer = result<std::vector<net::address>>;

net::lookup one_address(std::uint32_t number)
{
    net::lookup out;
    net::address a;
    auto& four = reinterpret_cast<sockaddr_in&>(a.storage);
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(number);
    a.size = sizeof four;
    out.found.push_back(a);
    return out;
}

std::uint16_t port_of(const net::address& a) { return ntohs(reinterpret_cast<const sockaddr_in&>(a.storage).sin_port); }

/// A system whose lookups are seen, and held until release().
class held_system
{
public:
    net::lookup look_up(const std::string& name)
    {
        {
            const std::lock_guard guard(lock_);
            ++asked_[name];
            threads_.insert(std::this_thread::get_id());
        }
        most_ = std::max(most_.load(), ++now_);
        open_.wait();
        --now_;
        if (name == "nowhere.example") return {EAI_NONAME, 0, {}};
        return one_address(0xc0000201); // 192.0.2.1
    }
    void release() { open_.count_down(); }
    [[nodiscard]] int asked(const std::string& name)
    {
        const std::lock_guard guard(lock_);
        return asked_[name];
    }
    [[nodiscard]] std::size_t threads()
    {
        const std::lock_guard guard(lock_);
        return threads_.size();
    }
    [[nodiscard]] int most() const { return most_; }

private:
    std::mutex lock_;
    std::map<std::string, int> asked_;
    std::set<std::thread::id> threads_;
    std::atomic<int> now_{0}, most_{0};
    std::latch open_{1};
};

net::resolver_options over(const std::shared_ptr<held_system>& system)
{
    net::resolver_options o;
    o.look_up = [system](const std::string& name) { return system->look_up(name); };
    return o;
}

std::size_t threads_of_this_process()
{
    const std::filesystem::directory_iterator all("/proc/self/task");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

/// Waits for another thread, which nothing wakes us for.
template <class Condition> void until(Condition done)
{
    while (!done()) std::this_thread::yield();
}

TEST(resolve, numeric_addresses_need_no_thread_and_names_come_from_the_system)
{
    io::loop loop;
    net::resolver names(loop);
    for (const auto& [host, text] : {std::pair{"192.0.2.1", "192.0.2.1"}, std::pair{"2001:db8::1", "2001:db8::1"}}) {
        int calls = 0;
        net::resolve_operation op(names, host, 80, [&, expected = text](answer r) {
            ++calls;
            ASSERT_TRUE(r);
            ASSERT_EQ(r->size(), 1u);
            EXPECT_EQ(r->front().text(), expected);
            EXPECT_EQ(port_of(r->front()), 80);
        });
        loop.run();
        EXPECT_EQ(calls, 1);
    }
    EXPECT_EQ(names.threads_started(), 0u);
}

/// Issue 9, part 3.
TEST(resolve, p3_400_lookups_at_once_start_no_more_threads_than_there_are_workers)
{
    io::loop loop;
    const auto system = std::make_shared<held_system>();
    const auto options = over(system);
    const auto before = threads_of_this_process();
    net::resolver names(loop, options);
    std::vector<std::unique_ptr<net::resolve_operation>> all;
    int answered = 0;
    for (int i = 0; i < 400; ++i) {
        all.push_back(std::make_unique<net::resolve_operation>(names, "host" + std::to_string(i) + ".example", 5986,
                                                               [&](answer r) { answered += r ? 1 : 0; }));
    }
    EXPECT_EQ(names.threads_started(), options.workers);
    EXPECT_LE(threads_of_this_process(), before + options.workers);
    EXPECT_EQ(answered, 0) << "never from within";
    system->release();
    loop.run();
    EXPECT_EQ(answered, 400);
    EXPECT_EQ(names.threads_started(), options.workers);
    EXPECT_LE(system->threads(), options.workers);
    EXPECT_LE(system->most(), static_cast<int>(options.workers));
}

TEST(resolve, p3_one_lookup_serves_all_who_ask_meanwhile_and_shortly_after)
{
    io::loop loop;
    const auto system = std::make_shared<held_system>();
    auto options = over(system);
    options.cache_time = std::chrono::hours(1);
    net::resolver names(loop, options);
    std::vector<std::unique_ptr<net::resolve_operation>> all;
    int answered = 0;
    const auto ask = [&](std::uint16_t port) {
        all.push_back(std::make_unique<net::resolve_operation>(names, "web1.example", port, [&, port](answer r) {
            ASSERT_TRUE(r);
            EXPECT_EQ(r->front().text(), "192.0.2.1");
            EXPECT_EQ(port_of(r->front()), port);
            ++answered;
        }));
    };
    for (std::uint16_t port = 1; port <= 400; ++port) ask(port);
    system->release();
    loop.run();
    EXPECT_EQ(answered, 400);
    for (std::uint16_t port = 1; port <= 10; ++port) ask(port);
    EXPECT_EQ(answered, 400) << "never from within";
    loop.run();
    EXPECT_EQ(answered, 410);
    EXPECT_EQ(system->asked("web1.example"), 1);
    names.forget("web1.example");
    ask(1);
    loop.run();
    EXPECT_EQ(system->asked("web1.example"), 2);
    EXPECT_EQ(names.threads_started(), 1u);
}

TEST(resolve, p3_what_is_kept_ends_after_its_time_and_failures_are_not_kept)
{
    io::loop loop;
    const auto system = std::make_shared<held_system>();
    system->release();
    auto options = over(system);
    options.cache_time = std::chrono::milliseconds(0);
    net::resolver short_lived(loop, options);
    options.cache_time = std::chrono::hours(1);
    options.cached = 2;
    net::resolver names(loop, options);
    const auto ask = [&](net::resolver& by, const std::string& host) {
        std::optional<answer> got;
        net::resolve_operation op(by, host, 1, [&](answer r) { got.emplace(std::move(r)); });
        loop.run();
        EXPECT_TRUE(got.has_value());
        return std::move(*got);
    };
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(ask(short_lived, "a.example"));
    EXPECT_EQ(system->asked("a.example"), 2);
    for (int i = 0; i < 2; ++i) {
        const auto got = ask(names, "nowhere.example");
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error().code(), errc::unresolved);
    }
    EXPECT_EQ(system->asked("nowhere.example"), 2);
    for (const char* host : {"b.example", "c.example", "d.example", "d.example", "c.example", "b.example"})
        EXPECT_TRUE(ask(names, host));
    EXPECT_EQ(system->asked("b.example"), 2) << "two are kept";
    EXPECT_EQ(system->asked("c.example"), 1);
    EXPECT_EQ(system->asked("d.example"), 1);
}

TEST(resolve, p3_nobody_waits_for_a_lookup_that_hangs)
{
    const auto system = std::make_shared<held_system>();
    {
        io::loop loop;
        auto options = over(system);
        options.workers = 1;
        options.queue = 2;
        net::resolver names(loop, options);
        const auto never = [](const answer&) { FAIL(); };
        auto stuck = std::make_unique<net::resolve_operation>(names, "stuck.example", 1, never);
        until([&] { return system->asked("stuck.example") == 1; });
        auto second = std::make_unique<net::resolve_operation>(names, "second.example", 1, never);
        auto third = std::make_unique<net::resolve_operation>(names, "third.example", 1, never);
        std::optional<answer> got;
        const net::resolve_operation too_many(names, "fourth.example", 1, [&](answer r) { got.emplace(std::move(r)); });
        EXPECT_FALSE(got) << "never from within";
        while (!got && loop.run_one()) {}
        ASSERT_TRUE(got && !*got);
        EXPECT_EQ(got->error().code(), errc::unresolved);
        EXPECT_NE(got->error().message().find("too many names"), std::string::npos) << got->error();
        second.reset(); // makes room
        const net::resolve_operation again(names, "fifth.example", 1, never);
        stuck.reset();
        const net::resolve_operation patient(names, "stuck.example", 1, never); // takes no other thread, nor room
        third.reset();
    } // neither the loop nor the resolver waits
    EXPECT_EQ(system->asked("stuck.example"), 1);
    EXPECT_EQ(system->asked("second.example"), 0);
    system->release();
}

TEST(resolve, p3_who_is_answered_may_give_up_others_ask_again_and_destroy_the_resolver)
{
    io::loop loop;
    const auto system = std::make_shared<held_system>();
    auto names = std::make_unique<net::resolver>(loop, over(system));
    std::unique_ptr<net::resolve_operation> first, second, third;
    int calls = 0;
    second = std::make_unique<net::resolve_operation>(*names, "b.example", 1, [&](const answer&) { FAIL(); });
    first = std::make_unique<net::resolve_operation>(*names, "a.example", 1, [&](const answer& r) {
        EXPECT_TRUE(r);
        ++calls;
        second.reset();
        third = std::make_unique<net::resolve_operation>(*names, "c.example", 1, [](const answer&) { FAIL(); });
        names.reset();
    });
    until([&] { return system->asked("b.example") + system->asked("a.example") == 2; });
    second.reset();
    system->release();
    loop.run();
    EXPECT_EQ(calls, 1);
}

/// winrm gives its shell to a child, and ends, when its user has had enough.
TEST(resolve, p3_a_child_process_asks_on_threads_of_its_own)
{
    io::loop loop;
    const auto system = std::make_shared<held_system>();
    system->release();
    net::resolver names(loop, over(system));
    const auto works = [&] {
        bool got = false;
        const net::resolve_operation op(names, "a.example", 1, [&](const answer& r) { got = static_cast<bool>(r); });
        loop.run();
        names.forget("a.example");
        return got;
    };
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "it allows no thread in a child";
#endif
    EXPECT_TRUE(works());
    // A thread of an earlier test that ends within the fork may leave the sanitizer's heap locked in the child.
    until([] { return threads_of_this_process() <= 2; });
    const pid_t child = ::fork();
    if (child == 0) ::_exit(works() ? 7 : 1);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

} // namespace
