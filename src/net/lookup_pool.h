// The threads of a resolver: names go in, what the system says of them comes out.
#pragma once

#include "io/unique_fd.h"
#include "net/resolve.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace winrm::net {

/// Calls below usable() need it.
class lookup_pool : public std::enable_shared_from_this<lookup_pool>
{
public:
    using system = std::function<lookup(const std::string&)>;
    /// @return nullptr without a descriptor to wake the loop with; errno says why
    [[nodiscard]] static std::shared_ptr<lookup_pool> make(std::size_t workers, std::size_t most_waiting, system ask);
    ~lookup_pool();

    /// False in a child of the process that made it: no thread is there, and the lock may be held for ever.
    [[nodiscard]] bool usable() const noexcept;
    /// Readable when there is something to take_found(). Once; the caller closes it, after stop().
    [[nodiscard]] int take_wake_fd();
    /// @return errno: the queue is full, or no thread can be had; 0 = an answer will come
    [[nodiscard]] int ask(const std::string& name);
    /// Not asked for any more, if no thread has begun with it.
    void withdraw(const std::string& name);
    [[nodiscard]] std::vector<std::pair<std::string, lookup>> take_found();
    /// Nothing is found any more. Does not wait for the threads: they hold what they use.
    void stop();
    [[nodiscard]] std::size_t threads_started() const;

private:
    lookup_pool();
    struct state;
    static void work(const std::shared_ptr<lookup_pool>& own);
    std::unique_ptr<state> state_;
};

} // namespace winrm::net
