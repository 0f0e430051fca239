// Steps that block (a Kerberos token) away from the loop: on a few threads, one at a time for each key.
#pragma once

#include "io/loop.h"

#include <winrm/result.h>

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace winrm::remote {

struct worker_options
{
    std::size_t threads = 4;   ///< at most; a job that hangs holds one until it returns by itself
    std::size_t queue = 20000; ///< jobs that wait for a thread, or for another of their key, at most
};

/// Threads start when first needed and end when idle for a while. Destroyed = nobody is answered any more and no
/// further job begins. It does not wait: a thread within a job ends by itself after it.
/// @thread  as its loop
class worker_pool
{
public:
    explicit worker_pool(io::loop& on, worker_options options = {});
    ~worker_pool();
    worker_pool(const worker_pool&) = delete;
    worker_pool& operator=(const worker_pool&) = delete;

    [[nodiscard]] std::size_t threads_started() const; ///< ever

private:
    friend class worker_job;
    struct impl;
    std::shared_ptr<impl> impl_;
};

/// Pending job; destroyed = not called, and not begun if no thread has begun it. It may outlive the pool.
///
/// Of jobs with the same key one runs at a time, in the order of asking: with the ticket's service as the key the first
/// fetches the ticket and the others find it in the cache. Keys take turns.
class worker_job
{
public:
    /// @param job   Result(): called on another thread, at most once, and destroyed there before `done` is called. It
    ///              must own what it uses (a shared_ptr), since it goes on when this object and the pool are gone; and
    ///              not throw. Can be copied
    /// @param done  void(result<Result>): called from the loop, never from within
    /// @errors internal: too many jobs wait, or the system gives no thread; `job` is not called then
    template <class Job, class Done> worker_job(worker_pool& by, std::string key, Job job, Done done)
    {
        using made = std::invoke_result_t<Job&>;
        start(
            by, std::move(key),
            [job = std::move(job)]() mutable -> std::shared_ptr<void> { return std::make_shared<made>(job()); },
            [done = std::move(done)](result<std::shared_ptr<void>> r) mutable {
                if (!r) return done(result<made>(std::move(r).error()));
                done(result<made>(std::move(*std::static_pointer_cast<made>(*r))));
            });
    }
    ~worker_job();
    worker_job(const worker_job&) = delete;
    worker_job& operator=(const worker_job&) = delete;

private:
    friend class worker_pool;
    using task = std::function<std::shared_ptr<void>()>;
    using answer = std::function<void(result<std::shared_ptr<void>>)>;
    void start(worker_pool& by, std::string key, task job, answer done);

    struct asker;
    std::shared_ptr<asker> asker_;
};

} // namespace winrm::remote
