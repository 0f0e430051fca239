#include "service/user/process_tree.h"

#include "io/small_file.h"
#include "service/user/child_plan.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <memory>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace winrm::service::user {
namespace {

std::string read_proc(pid_t pid, const std::string& name, std::size_t limit)
{
    return io::read_small_file("/proc/" + std::to_string(pid) + '/' + name, limit);
}

struct process
{
    pid_t parent = 0, group = 0, session = 0;
};
/// proc(5): "pid (comm) state ppid pgrp session …"; comm may hold spaces and brackets, so the last ')' counts. A zombie
/// with more than one thread (field 20) is a living process whose first thread has ended.
std::optional<process> read_stat(pid_t pid)
{
    const std::string text = read_proc(pid, "stat", 1024);
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos) return std::nullopt;
    char state = 0;
    long threads = 0;
    process p;
    const int read =
        std::sscanf(text.c_str() + end + 1, " %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %ld",
                    &state, &p.parent, &p.group, &p.session, &threads);
    if (read != 5 || ((state == 'Z' || state == 'X') && threads < 2)) return std::nullopt;
    return p;
}

/// The numbers that name entries of a folder of /proc.
std::vector<pid_t> numbers_in(const std::string& path)
{
    std::vector<pid_t> all;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir(path.c_str()), ::closedir};
    if (!folder) return all;
    while (const dirent* entry = ::readdir(folder.get())) {
        char* end = nullptr;
        const long number = std::strtol(entry->d_name, &end, 10);
        if (number > 0 && *end == '\0') all.push_back(static_cast<pid_t>(number));
    }
    return all;
}

/// One scan of who descends from whom.
class family
{
public:
    explicit family(family_from source) : source_(source)
    {
        if (source == family_from::kernel) {
            readable_ = !numbers_in(tasks_of(::getpid())).empty();
            return;
        }
        for (const pid_t pid : numbers_in("/proc")) {
            readable_ = true;
            if (const auto p = read_stat(pid)) children_[p->parent].push_back(pid);
        }
    }
    /// A scan needs one descriptor at a time; it had one at its start.
    [[nodiscard]] bool readable() const { return readable_; }
    std::vector<pid_t> children_of(pid_t parent)
    {
        // Each once: with reused pids the parents may form a cycle.
        if (source_ == family_from::all_processes) return std::exchange(children_[parent], {});
        std::vector<pid_t> all;
        for (const pid_t thread : numbers_in(tasks_of(parent)))
            for (const pid_t pid : io::children_of_thread(parent, thread)) all.push_back(pid);
        return all;
    }

private:
    static std::string tasks_of(pid_t pid) { return "/proc/" + std::to_string(pid) + "/task"; }

    family_from source_;
    bool readable_ = false;
    std::unordered_map<pid_t, std::vector<pid_t>> children_;
};

/// From the environment as execve got it; programs in between may have reordered it, so all of it is read.
std::string mark_of(pid_t pid)
{
    const std::string environment = std::string(1, '\0') + read_proc(pid, "environ", 4 * 1024 * 1024);
    const std::string key = std::string(1, '\0').append(process_marker) + '=';
    const std::size_t at = environment.find(key);
    return at == std::string::npos ? std::string{} : std::string{environment.c_str() + at + key.size()};
}

/// Which processes belong to the commands to be killed. Descendants of theirs do in any case and are not looked up.
class owner_lookup
{
public:
    owner_lookup(std::vector<kill_target>& targets, const std::set<pid_t>& roots, const std::set<std::string>& spared)
        : targets_(targets), roots_(roots), spared_(spared)
    {}

    /// @return where to note that the owner had a process; nullptr: it is spared.
    bool* operator()(pid_t pid, const process& p)
    {
        for (kill_target& t : targets_)
            if ((pid == t.root && !t.root_reaped) || p.session == t.root || p.group == t.root) return &t.found;
        if (roots_.contains(pid)) return nullptr;
        // Not only orphans: a process that wiped its environment may have children that did not.
        const auto known = known_.find(pid);
        if (known != known_.end()) return known->second;
        return known_[pid] = whose(mark_of(pid), p.parent == ::getpid());
    }
    [[nodiscard]] bool found_strays() const { return strays_; }

private:
    bool* whose(const std::string& mark, bool orphan)
    {
        if (spared_.contains(mark)) return nullptr;
        for (kill_target& t : targets_)
            if (!mark.empty() && mark == t.mark) return &t.found;
        return orphan && spared_.empty() ? &strays_ : nullptr;
    }

    std::vector<kill_target>& targets_;
    const std::set<pid_t>& roots_;
    const std::set<std::string>& spared_;
    std::unordered_map<pid_t, bool*> known_; ///< each environment is read once
    bool strays_ = false;
};

/// @param whose  called for processes without a stopped ancestor; returns the owner, nullptr: they are spared.
/// @return how many were found; nullopt: /proc could not be read.
template <class Whose> std::optional<std::size_t> stop_and_kill(family_from source, Whose& whose)
{
    std::unordered_set<pid_t> stopped;
    bool news = true, readable = true;
    for (int round = 0; news && round < 64; ++round) {
        news = false;
        family all{source};
        readable = all.readable();
        std::vector<std::pair<pid_t, bool*>> open{{::getpid(), nullptr}};
        while (!open.empty() && open.size() < 1'000'000) {
            const auto [parent, inherited] = open.back();
            open.pop_back();
            for (const pid_t pid : all.children_of(parent)) {
                const auto p = read_stat(pid);
                if (!p) continue;
                bool* const owner = inherited != nullptr ? inherited : whose(pid, *p);
                open.emplace_back(pid, owner);
                // At once: by the end of the scan it may have forked and ended. A process that changed its uid cannot
                // be signalled.
                if (owner == nullptr || stopped.contains(pid) || ::kill(pid, SIGSTOP) != 0) continue;
                stopped.insert(pid);
                *owner = news = true;
            }
        }
    }
    for (const pid_t pid : stopped) ::kill(pid, SIGKILL);
    if (!readable) return std::nullopt;
    return stopped.size();
}

} // namespace

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

family_from best_family_source()
{
    static const bool listed =
        ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
    return listed ? family_from::kernel : family_from::all_processes;
}

kill_scan kill_commands(std::vector<kill_target>& targets, const std::set<pid_t>& roots,
                        const std::set<std::string>& spared, family_from source)
{
    owner_lookup whose{targets, roots, spared};
    const bool complete = stop_and_kill(source, whose).has_value();
    return {complete, whose.found_strays()};
}

std::size_t kill_all_descendants(family_from source)
{
    bool any = false;
    const auto whose = [&any](pid_t, const process&) { return &any; };
    return stop_and_kill(source, whose).value_or(0);
}

} // namespace winrm::service::user
