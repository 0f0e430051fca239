#include "client/worker_pool.h"

#include "client/context.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <latch>
#include <list>
#include <mutex>
#include <set>
#include <thread>

namespace {

using namespace winrm;
using remote::worker_job;
using remote::worker_pool;

/// Jobs that are seen, and held until release().
class held_jobs
{
public:
    int run(int number)
    {
        {
            const std::lock_guard guard(lock_);
            order_.push_back(number);
            threads_.insert(std::this_thread::get_id());
        }
        ++now_;
        int seen = most_;
        while (seen < now_ && !most_.compare_exchange_weak(seen, now_)) {}
        open_.wait();
        --now_;
        return number * 2;
    }
    void release() { open_.count_down(); }
    [[nodiscard]] std::vector<int> order()
    {
        const std::lock_guard guard(lock_);
        return order_;
    }
    [[nodiscard]] std::size_t threads()
    {
        const std::lock_guard guard(lock_);
        return threads_.size();
    }
    [[nodiscard]] int most() const { return most_; }

private:
    std::mutex lock_;
    std::vector<int> order_;
    std::set<std::thread::id> threads_;
    std::atomic<int> now_{0}, most_{0};
    std::latch open_{1};
};

/// A job of `held`, which it owns.
auto job_of(const std::shared_ptr<held_jobs>& held, int number)
{
    return [held, number] { return held->run(number); };
}

const auto never = [](const result<int>&) { FAIL(); };

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

TEST(worker_pool, no_thread_before_the_first_job_and_its_answer_comes_from_the_loop)
{
    io::loop loop;
    remote::context shared(loop);
    EXPECT_EQ(shared.workers().threads_started(), 0u);
    EXPECT_EQ(&shared.workers(), &shared.workers());
    const auto here = std::this_thread::get_id();
    std::unique_ptr<std::string> got; // what cannot be copied comes over, too
    const worker_job one(
        shared.workers(), "HTTP/web1",
        [here] { return std::make_unique<std::string>(std::this_thread::get_id() == here ? "here" : "elsewhere"); },
        [&](result<std::unique_ptr<std::string>> r) {
            ASSERT_TRUE(r);
            EXPECT_EQ(std::this_thread::get_id(), here);
            got = std::move(*r);
        });
    EXPECT_FALSE(got) << "never from within";
    loop.run();
    ASSERT_TRUE(got);
    EXPECT_EQ(*got, "elsewhere");
    EXPECT_EQ(shared.workers().threads_started(), 1u);
}

TEST(worker_pool, p10_400_jobs_at_once_start_no_more_than_4_threads)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    const auto before = threads_of_this_process();
    worker_pool pool(loop);
    std::list<worker_job> all;
    int answered = 0;
    for (int i = 0; i < 400; ++i) {
        all.emplace_back(pool, "HTTP/web" + std::to_string(i), job_of(held, i), [&, i](const result<int>& r) {
            ASSERT_TRUE(r);
            EXPECT_EQ(*r, 2 * i);
            ++answered;
        });
    }
    EXPECT_EQ(pool.threads_started(), 4u);
    EXPECT_LE(threads_of_this_process(), before + 4);
    until([&] { return held->most() == 4; });
    held->release();
    loop.run();
    EXPECT_EQ(answered, 400);
    EXPECT_EQ(pool.threads_started(), 4u);
    EXPECT_LE(held->threads(), 4u);
    EXPECT_EQ(held->most(), 4);
}

TEST(worker_pool, p10_of_400_jobs_with_one_key_one_runs_at_a_time_in_the_order_of_asking)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    worker_pool pool(loop);
    std::list<worker_job> all;
    int answered = 0;
    std::vector<int> expected;
    for (int i = 0; i < 400; ++i) {
        all.emplace_back(pool, "HTTP/web1", job_of(held, i), [&](const result<int>& r) { answered += r ? 1 : 0; });
        expected.push_back(i);
    }
    EXPECT_EQ(pool.threads_started(), 1u) << "others could not do anything";
    const auto other = std::make_shared<held_jobs>();
    other->release();
    bool passed = false;
    const worker_job beside(pool, "HTTP/web2", job_of(other, 1), [&](const result<int>&) { passed = true; });
    while (!passed && loop.run_one()) {}
    EXPECT_EQ(answered, 0) << "another key does not wait behind them";
    held->release();
    loop.run();
    EXPECT_EQ(answered, 400);
    EXPECT_EQ(held->most(), 1);
    EXPECT_EQ(held->order(), expected);
}

TEST(worker_pool, keys_take_turns)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    worker_pool pool(loop, {1, 100});
    std::list<worker_job> all;
    int answered = 0;
    const auto ask = [&](const char* key, int number) {
        all.emplace_back(pool, key, job_of(held, number), [&](const result<int>&) { ++answered; });
    };
    for (int i = 1; i <= 3; ++i) ask("many", i);
    until([&] { return held->order().size() == 1; });
    ask("one", 10);
    ask("other", 20);
    held->release();
    loop.run();
    EXPECT_EQ(answered, 5);
    EXPECT_EQ(held->order(), (std::vector<int>{1, 10, 20, 2, 3}));
}

TEST(worker_pool, nobody_waits_for_a_job_that_hangs)
{
    const auto held = std::make_shared<held_jobs>();
    {
        io::loop loop;
        worker_pool pool(loop, {1, 2});
        auto stuck = std::make_unique<worker_job>(pool, "a", job_of(held, 1), never);
        until([&] { return held->order().size() == 1; });
        auto second = std::make_unique<worker_job>(pool, "b", job_of(held, 2), never);
        const worker_job third(pool, "a", job_of(held, 3), never);
        std::optional<result<int>> got;
        const auto keep = [&](result<int> r) { got.emplace(std::move(r)); };
        const worker_job too_many(pool, "d", job_of(held, 4), keep);
        EXPECT_FALSE(got) << "never from within";
        while (!got && loop.run_one()) {}
        ASSERT_TRUE(got && !*got);
        EXPECT_EQ(got->error().code(), errc::internal);
        EXPECT_NE(got->error().message().find("too many"), std::string::npos) << got->error();
        second.reset(); // makes room
        const worker_job again(pool, "b", job_of(held, 5), never);
        stuck.reset();
    } // neither the loop nor the pool waits, and nothing is begun any more
    EXPECT_EQ(held->order(), std::vector<int>{1});
    held->release();
    until([&] { return held.use_count() == 1; }); // the thread has let go of what it owned
    EXPECT_EQ(held->order(), std::vector<int>{1});
}

TEST(worker_pool, who_has_gone_is_not_called_and_what_nobody_began_is_dropped)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    worker_pool pool(loop);
    auto runs = std::make_unique<worker_job>(pool, "a", job_of(held, 1), never);
    auto waits = std::make_unique<worker_job>(pool, "a", job_of(held, 2), never);
    until([&] { return held->order().size() == 1; });
    EXPECT_EQ(held.use_count(), 3);
    waits.reset();
    EXPECT_EQ(held.use_count(), 2) << "what it owned is gone at once";
    runs.reset();
    loop.run(); // nothing is waited for
    bool called = false;
    const worker_job later(pool, "a", job_of(held, 3), [&](const result<int>&) { called = true; });
    held->release();
    loop.run();
    EXPECT_TRUE(called);
    EXPECT_EQ(held->order(), (std::vector<int>{1, 3}));
}

TEST(worker_pool, what_a_job_owns_is_let_go_before_its_answer)
{
    io::loop loop;
    worker_pool pool(loop);
    const auto held = std::make_shared<held_jobs>();
    held->release();
    long owners = 0;
    const worker_job one(pool, "a", job_of(held, 1), [&](const result<int>&) { owners = held.use_count(); });
    loop.run();
    EXPECT_EQ(owners, 1);
}

TEST(worker_pool, who_is_answered_may_give_up_others_ask_again_and_destroy_the_pool)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    auto pool = std::make_unique<worker_pool>(loop);
    std::unique_ptr<worker_job> first, second, third;
    int calls = 0;
    second = std::make_unique<worker_job>(*pool, "b", job_of(held, 2), never);
    first = std::make_unique<worker_job>(*pool, "a", job_of(held, 1), [&](const result<int>& r) {
        EXPECT_TRUE(r);
        ++calls;
        second.reset();
        third = std::make_unique<worker_job>(*pool, "c", job_of(held, 3), never);
        pool.reset();
        first.reset();
    });
    until([&] { return held->order().size() == 2; });
    second.reset();
    held->release();
    loop.run();
    EXPECT_EQ(calls, 1);
}

TEST(worker_pool, a_child_process_works_on_threads_of_its_own)
{
    io::loop loop;
    const auto held = std::make_shared<held_jobs>();
    held->release();
    worker_pool pool(loop);
    const auto works = [&] {
        bool got = false;
        const worker_job one(pool, "a", job_of(held, 1), [&](const result<int>& r) { got = static_cast<bool>(r); });
        loop.run();
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
