// Carries out the shell table's orders on real processes and brings their news. No zombie and no descriptor stays.
#pragma once

#include "base/log_sink.h"
#include "io/loop.h"
#include "service/user/child_plan.h"
#include "service/user/command_group.h"
#include "service/user/descriptor_limit.h"
#include "service/user/process_tree.h"
#include "service/user/spawn.h"
#include "shell/server_table.h"

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <vector>

namespace winrm::service::user {

/// Receives the news. Called from the loop, except where execute() says otherwise. May call execute() at any time.
class process_news
{
public:
    virtual ~process_news() = default;
    virtual void started(shell::process_ref p, std::uint32_t pid) = 0;
    virtual void not_started(shell::process_ref p, shell::start_failure why) = 0;
    /// @param stream  index in the output streams of its shell's kind  @param data  during the call
    virtual void output(shell::process_ref p, std::size_t stream, base::bytes_view data) = 0;
    virtual void output_end(shell::process_ref p, std::size_t stream) = 0;
    virtual void input_taken(shell::process_ref p) = 0;
    virtual void exited(shell::process_ref p, int status) = 0;
};

/// Quotas have the names of wire/quotas.h.
struct host_options
{
    account who;
    std::string cgroup;                     ///< "" = none: trees are found through /proc alone
    std::uint64_t max_memory_per_shell = 0; ///< bytes, 0 = unlimited. Without a memory cgroup: data size per process
    /// 0 = unlimited. Without a pids cgroup: processes of the user in all shells
    std::uint32_t max_processes_per_shell = 0;
    std::uint32_t max_shells_per_user = 30;
};

/// A command ends with forget_process: whatever it has left behind is killed then. kill_process kills its whole tree
/// at once and leaves the news (output_end, exited) to come.
/// One per process: it raises the limit of open files, takes SIGCHLD, ignores SIGPIPE, reaps every child of this
/// process and adopts orphans.
class process_host
{
public:
    process_host(io::loop& on, host_options options, process_news& news);
    /// Kills every tree and reaps what can be reaped.
    ~process_host();
    process_host(const process_host&) = delete;
    process_host& operator=(const process_host&) = delete;

    /// started, not_started and (when nothing need be waited for) input_taken are told before this returns.
    void execute(shell::process_order order);
    /// Puts a process and what it has started into the cgroup of that shell, where there are cgroups.
    void move(shell::process_ref p, const std::string& shell_id, const std::string& command_id);
    /// Kills every descendant of this process and waits for its end, at most about a second.
    /// @return false: some are left.
    bool kill_everything();
    /// Is it still scanning for what commands left behind?
    [[nodiscard]] bool killing() const noexcept { return !pending_kills_.empty(); }
    /// Commands not yet forgotten.
    [[nodiscard]] std::size_t size() const noexcept { return commands_.size(); }

private:
    struct command;
    using command_ptr = std::shared_ptr<command>;

    void carry_out(shell::start_process&& order);
    void carry_out(shell::write_input&& order);
    void carry_out(shell::signal_process&& order);
    void carry_out(shell::kill_process&& order);
    void carry_out(shell::read_output&& order);
    void carry_out(shell::forget_process&& order);

    [[nodiscard]] command_ptr find(shell::process_ref p) const;
    void want_output(const command_ptr& c, std::size_t stream);
    void read_some(const command_ptr& c, std::size_t stream);
    void flush_input(const command_ptr& c);
    void reap();
    void schedule_kill(const command_ptr& c);
    void sweep();
    void note_scan(const std::vector<kill_target>& targets, bool strays);
    void forget_number(pid_t pid);
    void tidy_groups();

    io::loop& loop_;
    host_options options_;
    process_news& news_;
    descriptor_limit descriptors_;
    command_groups groups_;
    std::map<shell::process_ref, command_ptr> commands_;
    std::map<pid_t, command_ptr> living_; ///< by pid, until reaped; forgotten ones too
    struct pending_kill;
    std::vector<pending_kill> pending_kills_; ///< until several scans have found nothing of them
    io::timer sweep_timer_, tidy_timer_;
    bool sweep_is_near_ = false, tidy_planned_ = false;
    int scans_in_row_ = 0; ///< since the latest schedule_kill()
    std::string buffer_;
    std::unique_ptr<io::signal_watch> children_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace winrm::service::user
