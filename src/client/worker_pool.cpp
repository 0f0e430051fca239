#include "client/worker_pool.h"

#include "base/system_reason.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace winrm::remote {

namespace {

/// A thread that has nothing to do ends after this.
constexpr std::chrono::seconds longest_idle{2};

using task = std::function<std::shared_ptr<void>()>;
using outcome = std::pair<std::uint64_t, std::shared_ptr<void>>; ///< job and what it returned

/// What the threads own together with the pool. Calls below usable() need it.
class crew : public std::enable_shared_from_this<crew>
{
public:
    crew(worker_options o, int wake) : options_(o), wake_(wake) {}

    /// False in a child of the process that made it: no thread is there, and the lock may be held for ever.
    [[nodiscard]] bool usable() const noexcept { return process_ == ::getpid(); }
    /// @return errno: the queue is full, or no thread can be had; 0 = the job will be done
    int add(std::uint64_t id, const std::string& key, task job);
    void withdraw(std::uint64_t id, const std::string& key);
    std::vector<outcome> take_finished();
    /// Nothing is begun and nothing is finished any more; the caller may close the descriptor.
    void stop();
    [[nodiscard]] std::size_t threads_started() const;

private:
    enum class lane_phase { empty, ready, running };
    /// The jobs of one key; forgotten when it is empty.
    struct lane
    {
        std::deque<std::pair<std::uint64_t, task>> waiting;
        lane_phase phase = lane_phase::empty;
        std::list<std::string>::iterator place; ///< while it is ready: in ready_
    };
    using lanes = std::map<std::string, lane>;

    static void work(const std::shared_ptr<crew>& own);
    void make_ready(lanes::iterator at);
    task take_back(lanes::iterator at, std::size_t which);
    void end_run(const std::string& key);

    const pid_t process_ = ::getpid();
    const worker_options options_;

    mutable std::mutex lock_; // for all that follows
    std::condition_variable more_;
    lanes lanes_;
    std::list<std::string> ready_; ///< keys, in turn
    std::size_t waiting_ = 0;      ///< jobs, of all keys
    std::vector<outcome> finished_;
    std::size_t running_ = 0, idle_ = 0, started_ = 0; ///< threads
    bool stopped_ = false;
    int wake_; ///< closed by the loop's side after stop(); written to under the lock
};

int crew::add(std::uint64_t id, const std::string& key, task job)
{
    const std::lock_guard guard(lock_);
    if (waiting_ >= options_.queue) return ENOBUFS;
    const auto at = lanes_.try_emplace(key).first;
    at->second.waiting.emplace_back(id, std::move(job));
    ++waiting_;
    if (at->second.phase != lane_phase::empty) return 0;
    make_ready(at);
    if (idle_ >= ready_.size() || running_ >= options_.threads) {
        more_.notify_one();
        return 0;
    }
    try {
        std::thread([own = shared_from_this()] { work(own); }).detach();
    } catch (const std::system_error& e) {
        if (running_ > 0) return 0; // fewer threads will do
        job = take_back(at, 0);
        return e.code().value();
    }
    ++running_;
    ++started_;
    return 0;
}

void crew::make_ready(lanes::iterator at)
{
    at->second.phase = lane_phase::ready;
    at->second.place = ready_.insert(ready_.end(), at->first);
}

/// A job that no thread has begun.
task crew::take_back(lanes::iterator at, std::size_t which)
{
    lane& from = at->second;
    const auto job = from.waiting.begin() + static_cast<std::ptrdiff_t>(which);
    task out = std::move(job->second);
    from.waiting.erase(job);
    --waiting_;
    if (from.waiting.empty() && from.phase == lane_phase::ready) {
        ready_.erase(from.place);
        lanes_.erase(at);
    }
    return out;
}

void crew::end_run(const std::string& key)
{
    const auto at = lanes_.find(key);
    if (at == lanes_.end()) return; // stopped
    if (at->second.waiting.empty()) lanes_.erase(at);
    else make_ready(at);
}

void crew::work(const std::shared_ptr<crew>& own)
{
    crew& c = *own;
    std::unique_lock guard(c.lock_);
    while (!c.stopped_) {
        ++c.idle_;
        const bool found = c.more_.wait_for(guard, longest_idle, [&] { return c.stopped_ || !c.ready_.empty(); });
        --c.idle_;
        if (!found || c.stopped_) break;
        const std::string key = std::move(c.ready_.front());
        c.ready_.pop_front();
        lane& from = c.lanes_.at(key);
        auto [id, job] = std::move(from.waiting.front());
        from.waiting.pop_front();
        from.phase = lane_phase::running;
        --c.waiting_;
        guard.unlock();
        auto got = job();
        job = nullptr; // what it owns is the asker's alone when the answer arrives
        guard.lock();
        c.end_run(key);
        if (c.stopped_) break;
        c.finished_.emplace_back(id, std::move(got));
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto put = ::write(c.wake_, &one, sizeof one); // can only fail when it is awake anyway
    }
    --c.running_;
}

void crew::withdraw(std::uint64_t id, const std::string& key)
{
    task unwanted; // what it owns goes after the lock: its destructor may come here again
    const std::lock_guard guard(lock_);
    const auto at = lanes_.find(key);
    if (at == lanes_.end()) return;
    const auto& all = at->second.waiting;
    const auto job = std::lower_bound(all.begin(), all.end(), id, [](const auto& j, auto n) { return j.first < n; });
    if (job == all.end() || job->first != id) return;
    unwanted = take_back(at, static_cast<std::size_t>(job - all.begin()));
}

std::vector<outcome> crew::take_finished()
{
    const std::lock_guard guard(lock_);
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wake_, &count, sizeof count); // none = woken twice
    return std::exchange(finished_, {});
}

void crew::stop()
{
    lanes unwanted;
    std::vector<outcome> unread;
    const std::lock_guard guard(lock_);
    stopped_ = true;
    unwanted.swap(lanes_);
    unread.swap(finished_);
    ready_.clear();
    more_.notify_all();
}

std::size_t crew::threads_started() const
{
    const std::lock_guard guard(lock_);
    return started_;
}

error not_begun(int number)
{
    return {errc::internal, number == ENOBUFS ? std::string("too many logins wait at once: ask for fewer")
                                              : "no thread can be had for the login: " + base::file_reason(number)};
}

} // namespace

// ---- one who asks

struct worker_job::asker
{
    void finish(result<std::shared_ptr<void>> r)
    {
        if (done) std::exchange(done, nullptr)(std::move(r));
    }

    std::uint64_t id = 0;
    std::string key;
    answer done;
    std::weak_ptr<worker_pool::impl> waits_for; ///< set while the answer is to come
};

// ---- the pool: who waits for what. Only on the loop's thread

struct worker_pool::impl : std::enable_shared_from_this<worker_pool::impl>
{
    impl(io::loop& l, worker_options o) : on(l), options(o) {}

    void ask(const std::shared_ptr<worker_job::asker>& who, task job)
    {
        who->id = ++asked;
        if (const int number = begin(who->id, who->key, std::move(job))) {
            on.post([weak = std::weak_ptr(who), number] {
                if (const auto me = weak.lock()) me->finish(not_begun(number));
            });
            return;
        }
        waiting[who->id] = who;
        who->waits_for = weak_from_this();
        listen();
    }

    /// @return errno, 0 = the job will be done
    int begin(std::uint64_t id, const std::string& key, task job)
    {
        if (!(threads && threads->usable())) {
            const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
            if (fd < 0) return errno;
            wake.emplace(on, fd);
            threads = std::make_shared<crew>(options, fd);
        }
        return threads->add(id, key, std::move(job));
    }

    void leave(const worker_job::asker& who)
    {
        if (waiting.erase(who.id) == 0) return;
        if (threads->usable()) threads->withdraw(who.id, who.key);
        if (waiting.empty()) wake->when_readable(nullptr);
    }

    /// Only while somebody waits: a loop runs as long as something is listened to.
    void listen()
    {
        wake->when_readable([weak = weak_from_this()] {
            if (const auto me = weak.lock()) me->collect();
        });
    }

    void collect()
    {
        if (!threads->usable()) return;
        std::vector<std::pair<std::weak_ptr<worker_job::asker>, std::shared_ptr<void>>> calls;
        for (auto& [id, what] : threads->take_finished()) {
            const auto at = waiting.find(id);
            if (at == waiting.end()) continue;
            at->second->waits_for.reset();
            calls.emplace_back(at->second, std::move(what));
            waiting.erase(at);
        }
        if (!waiting.empty()) listen();
        // Last: those who are called may ask again, give up others, or destroy all this.
        for (auto& [who, what] : calls)
            if (const auto there = who.lock()) there->finish(std::move(what));
    }

    io::loop& on;
    worker_options options;
    std::shared_ptr<crew> threads; ///< made with the first job
    std::optional<io::descriptor> wake;
    std::map<std::uint64_t, std::shared_ptr<worker_job::asker>> waiting;
    std::uint64_t asked = 0;
};

worker_pool::worker_pool(io::loop& on, worker_options options) : impl_(std::make_shared<impl>(on, options)) {}

worker_pool::~worker_pool()
{
    if (impl_->threads && impl_->threads->usable()) impl_->threads->stop();
    impl_->wake.reset();
}

std::size_t worker_pool::threads_started() const { return impl_->threads ? impl_->threads->threads_started() : 0; }

void worker_job::start(worker_pool& by, std::string key, task job, answer done)
{
    asker_ = std::make_shared<asker>();
    asker_->key = std::move(key);
    asker_->done = std::move(done);
    by.impl_->ask(asker_, std::move(job));
}

worker_job::~worker_job()
{
    const auto unwanted = std::exchange(asker_->done, nullptr);
    if (const auto by = asker_->waits_for.lock()) by->leave(*asker_);
}

} // namespace winrm::remote
