#include "service/user/process_tree.h"

#include "io/small_file.h"
#include "service/user/child_plan.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <memory>
#include <sys/prctl.h>
#include <unistd.h>
#include <unordered_map>
#include <unordered_set>

namespace winrm::service::user {
namespace {

struct process
{
    pid_t parent = 0, group = 0, session = 0;
};
using snapshot = std::unordered_map<pid_t, process>;

std::string read_proc(pid_t pid, const char* name, std::size_t limit)
{
    return io::read_small_file("/proc/" + std::to_string(pid) + '/' + name, limit);
}

/// proc(5): "pid (comm) state ppid pgrp session …"; comm may hold spaces and brackets, so the last ')' counts.
bool read_stat(pid_t pid, process& out)
{
    const std::string text = read_proc(pid, "stat", 1024);
    const std::size_t end = text.rfind(')');
    if (end == std::string::npos) return false;
    char state = 0;
    return std::sscanf(text.c_str() + end + 1, " %c %d %d %d", &state, &out.parent, &out.group, &out.session) == 4 &&
           state != 'Z' && state != 'X';
}

snapshot look()
{
    snapshot all;
    const std::unique_ptr<DIR, int (*)(DIR*)> folder{::opendir("/proc"), ::closedir};
    if (!folder) return all;
    while (const dirent* entry = ::readdir(folder.get())) {
        char* end = nullptr;
        const long pid = std::strtol(entry->d_name, &end, 10);
        if (pid <= 1 || *end != '\0') continue;
        process p;
        if (read_stat(static_cast<pid_t>(pid), p)) all.emplace(static_cast<pid_t>(pid), p);
    }
    return all;
}

/// The chain from pid up to (not including) this process; empty if pid does not descend from it.
std::vector<pid_t> ancestry(const snapshot& all, pid_t pid, pid_t self)
{
    std::vector<pid_t> chain;
    for (std::size_t depth = 0; depth < 4096; ++depth) {
        if (pid == self) return chain;
        const auto at = all.find(pid);
        if (at == all.end()) break;
        chain.push_back(pid);
        pid = at->second.parent;
    }
    return {};
}

std::string marker_of(pid_t pid)
{
    // As execve got it; programs between us and this one may have reordered it, so all of it may have to be read.
    const std::string environment = std::string(1, '\0') + read_proc(pid, "environ", 4 * 1024 * 1024);
    const std::string key = std::string(1, '\0').append(command_marker) + '=';
    const std::size_t at = environment.find(key);
    return at == std::string::npos ? std::string{} : std::string{environment.c_str() + at + key.size()};
}

class hunt
{
public:
    hunt(const std::vector<doomed_command>& doomed, const std::set<pid_t>& roots, bool others)
        : doomed_(doomed), roots_(roots), others_(others)
    {}

    std::vector<pid_t> find(const snapshot& all, pid_t self)
    {
        std::vector<pid_t> found;
        for (const auto& [pid, p] : all) {
            const std::vector<pid_t> chain = ancestry(all, pid, self);
            if (chain.empty()) continue;
            for (const pid_t link : chain)
                if (is_doomed(link, all.at(link), self)) {
                    found.push_back(pid);
                    break;
                }
        }
        return found;
    }

private:
    bool is_doomed(pid_t pid, const process& p, pid_t self)
    {
        for (const doomed_command& d : doomed_)
            if (pid == d.root || p.session == d.root || p.group == d.root) return true;
        if (p.parent != self || roots_.contains(pid)) return false;
        const auto known = verdicts_.find(pid);
        if (known != verdicts_.end()) return known->second;
        return verdicts_[pid] = judge_orphan(marker_of(pid));
    }
    bool judge_orphan(const std::string& marker) const
    {
        if (marker.empty()) return !others_;
        for (const doomed_command& d : doomed_)
            if (marker == d.command_id) return true;
        return false;
    }

    const std::vector<doomed_command>& doomed_;
    const std::set<pid_t>& roots_;
    bool others_;
    std::unordered_map<pid_t, bool> verdicts_;
};

template <class Find> std::size_t stop_and_kill(Find find)
{
    std::unordered_set<pid_t> stopped;
    for (int round = 0; round < 64; ++round) {
        bool news = false;
        for (const pid_t pid : find(look()))
            if (stopped.insert(pid).second) {
                ::kill(pid, SIGSTOP);
                news = true;
            }
        if (!news) break;
    }
    for (const pid_t pid : stopped) ::kill(pid, SIGKILL);
    return stopped.size();
}

} // namespace

void become_subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

void kill_commands(const std::vector<doomed_command>& doomed, const std::set<pid_t>& roots, bool others)
{
    hunt h{doomed, roots, others};
    stop_and_kill([&](const snapshot& all) { return h.find(all, ::getpid()); });
}

std::size_t kill_all_descendants()
{
    return stop_and_kill([](const snapshot& all) {
        std::vector<pid_t> found;
        for (const auto& [pid, p] : all)
            if (!ancestry(all, pid, ::getpid()).empty()) found.push_back(pid);
        return found;
    });
}

} // namespace winrm::service::user
