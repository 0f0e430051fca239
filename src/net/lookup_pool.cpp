#include "net/lookup_pool.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <thread>

namespace winrm::net {

namespace {

/// A thread that has nothing to do ends after this: a process with many blocking clients must not keep one for each.
constexpr std::chrono::seconds longest_idle{2};

} // namespace

struct lookup_pool::state
{
    pid_t process = ::getpid();
    std::size_t workers = 0, most_waiting = 0;
    system look_up;

    mutable std::mutex lock; // for all that follows
    std::condition_variable more;
    std::map<std::uint64_t, std::string> queue; ///< in the order of asking
    std::map<std::string, std::uint64_t> place; ///< where a name stands in it
    std::set<std::string> under_way;
    std::uint64_t asked = 0;
    std::vector<std::pair<std::string, lookup>> found;
    std::size_t running = 0, idle = 0, started = 0;
    bool stopped = false;
    int wake = -1; ///< closed by the loop's side after stop(); written to under the lock
};

lookup_pool::lookup_pool() : state_(std::make_unique<state>()) {}
lookup_pool::~lookup_pool() = default;

std::shared_ptr<lookup_pool> lookup_pool::make(std::size_t workers, std::size_t most_waiting, system ask)
{
    const int wake = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake < 0) return nullptr;
    std::shared_ptr<lookup_pool> made(new lookup_pool);
    made->state_->workers = workers;
    made->state_->most_waiting = most_waiting;
    made->state_->look_up = std::move(ask);
    made->state_->wake = wake;
    return made;
}

bool lookup_pool::usable() const noexcept { return state_->process == ::getpid(); }
int lookup_pool::take_wake_fd() { return state_->wake; }

int lookup_pool::ask(const std::string& name)
{
    state& s = *state_;
    const std::lock_guard guard(s.lock);
    if (s.under_way.contains(name)) return 0; // whoever asked has left: a name that hangs must not take every thread
    if (s.queue.size() >= s.most_waiting) return ENOBUFS;
    s.place[name] = ++s.asked;
    s.queue[s.asked] = name;
    if (s.idle >= s.queue.size() || s.running >= s.workers) {
        s.more.notify_one();
        return 0;
    }
    try {
        std::thread([own = shared_from_this()] { work(own); }).detach();
    } catch (const std::system_error& e) {
        if (s.running > 0) return 0; // fewer threads will do
        s.queue.erase(s.place.extract(name).mapped());
        return e.code().value();
    }
    ++s.running;
    ++s.started;
    return 0;
}

void lookup_pool::work(const std::shared_ptr<lookup_pool>& own)
{
    state& s = *own->state_;
    std::unique_lock guard(s.lock);
    while (!s.stopped) {
        ++s.idle;
        const bool asked = s.more.wait_for(guard, longest_idle, [&] { return s.stopped || !s.queue.empty(); });
        --s.idle;
        if (!asked || s.stopped) break;
        const std::string name = s.queue.extract(s.queue.begin()).mapped();
        s.place.erase(name);
        s.under_way.insert(name);
        guard.unlock();
        lookup found = s.look_up(name);
        guard.lock();
        s.under_way.erase(name);
        if (s.stopped) break;
        s.found.emplace_back(name, std::move(found));
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto put = ::write(s.wake, &one, sizeof one); // can only fail when it is awake anyway
    }
    --s.running;
}

void lookup_pool::withdraw(const std::string& name)
{
    const std::lock_guard guard(state_->lock);
    if (const auto at = state_->place.extract(name)) state_->queue.erase(at.mapped());
}

std::vector<std::pair<std::string, lookup>> lookup_pool::take_found()
{
    const std::lock_guard guard(state_->lock);
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(state_->wake, &count, sizeof count); // none = woken twice
    return std::exchange(state_->found, {});
}

void lookup_pool::stop()
{
    const std::lock_guard guard(state_->lock);
    state_->stopped = true;
    state_->queue.clear();
    state_->place.clear();
    state_->more.notify_all();
}

std::size_t lookup_pool::threads_started() const
{
    const std::lock_guard guard(state_->lock);
    return state_->started;
}

} // namespace winrm::net
