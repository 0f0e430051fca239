#include "service/user/child_plan.h"

#include "base/text.h"
#include "service/wire/environment.h"

#include <algorithm>
#include <array>

namespace winrm::service::user {
namespace {

constexpr std::string_view user_path = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";
constexpr std::string_view root_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class environment
{
public:
    void set(std::string_view name, std::string_view value)
    {
        std::string line{name};
        line += '=';
        const std::size_t key = line.size();
        line += value;
        for (std::string& old : lines_)
            if (old.compare(0, key, line, 0, key) == 0) {
                old = std::move(line);
                return;
            }
        lines_.push_back(std::move(line));
    }
    [[nodiscard]] std::string_view get(std::string_view name) const
    {
        for (const std::string& line : lines_)
            if (line.size() > name.size() && line[name.size()] == '=' && line.starts_with(name))
                return std::string_view{line}.substr(name.size() + 1);
        return {};
    }
    [[nodiscard]] std::vector<std::string> take() { return std::move(lines_); }

private:
    std::vector<std::string> lines_;
};

bool is_loader_variable(std::string_view name)
{
    constexpr std::array<std::string_view, 4> names{"GCONV_PATH", "GLIBC_TUNABLES", "LOCPATH", "NLSPATH"};
    return name.starts_with("LD_") || std::find(names.begin(), names.end(), name) != names.end();
}

bool may_set(const shell::variable& v)
{
    return !v.name.empty() && v.name.find('=') == std::string::npos && v.name.find('\0') == std::string::npos &&
           v.value.find('\0') == std::string::npos && !is_loader_variable(v.name);
}

bool is_harmless(const shell::variable& v) { return v.name == "LANG" || v.name == "TERM" || v.name.starts_with("LC_"); }

std::vector<std::string> search(const std::string& program, std::string_view path)
{
    if (program.find('/') != std::string::npos) return {program};
    std::vector<std::string> found;
    while (!program.empty()) {
        const std::size_t colon = path.find(':');
        const std::string_view folder = path.substr(0, colon);
        // An empty entry would mean the working directory, which a client chooses: not searched.
        if (!folder.empty()) found.push_back(std::string{folder} + '/' + program);
        if (colon == std::string_view::npos) break;
        path.remove_prefix(colon + 1);
    }
    return found;
}

/// execve ends a string at its first NUL, so everything else that looks at the text must, too.
std::string until_nul(const std::string& text) { return text.substr(0, text.find('\0')); }

bool is_powershell(std::string_view word)
{
    word = word.substr(word.find_last_of("/\\") + 1); // npos + 1 = 0
    return base::iequals(word, "powershell") || base::iequals(word, "powershell.exe") ||
           base::iequals(word, "pwsh.exe");
}

bool is_like_sh(std::string_view shell)
{
    constexpr std::array<std::string_view, 7> names{"sh", "bash", "dash", "ksh", "mksh", "zsh", "ash"};
    return std::find(names.begin(), names.end(), shell.substr(shell.rfind('/') + 1)) != names.end();
}

} // namespace

std::string reach_powershell(const std::string& line, const account& who, bool login_profile)
{
    const std::string& commands = who.commands;
    const std::string_view all = line;
    const std::size_t begin = all.find_first_not_of(" \t");
    if (commands.empty() || begin == std::string_view::npos || commands.find('\'') != std::string::npos) return line;
    const bool anew =
        login_profile && is_like_sh(who.shell) && base::lower(line).find("powershell") != std::string::npos;
    const std::string unchanged = anew ? "PATH=$PATH:'" + commands + "'; " + line : line;
    const char quote = all[begin] == '"' || all[begin] == '\'' ? all[begin] : ' ';
    const std::size_t from = quote == ' ' ? begin : begin + 1;
    const std::size_t to = quote == ' ' ? all.find_first_of(" \t\r\n;&|<>()", from) : all.find(quote, from);
    if (quote != ' ' && to == std::string_view::npos) return unchanged;
    if (!is_powershell(all.substr(from, to == std::string_view::npos ? to : to - from))) return unchanged;
    std::string out = "'" + commands + "/powershell'";
    if (to != std::string_view::npos) out += all.substr(quote == ' ' ? to : to + 1);
    return out;
}

std::vector<shell::variable> session_variables(const char* const* environment)
{
    std::vector<shell::variable> all;
    for (; environment && *environment; ++environment) {
        const std::string_view entry{*environment};
        const std::size_t equals = entry.find('=');
        if (!entry.starts_with(wire::session_prefix) || equals == std::string_view::npos) continue;
        all.push_back({std::string{entry.substr(wire::session_prefix.size(), equals - wire::session_prefix.size())},
                       std::string{entry.substr(equals + 1)}});
    }
    return all;
}

bool may_start(const shell::start_process& order, const account& who)
{
    return who.full_shell ||
           (order.use_shell && std::all_of(order.environment.begin(), order.environment.end(), is_harmless));
}

std::string process_mark(const shell::start_process& order)
{
    return until_nul(order.shell_id) + '/' + until_nul(order.command_id) + '/' +
           std::to_string(static_cast<std::uint64_t>(order.process));
}

child_plan plan_child(const shell::start_process& order, const account& who)
{
    environment env;
    env.set("HOME", who.home);
    env.set("USER", who.name);
    env.set("LOGNAME", who.name);
    env.set("SHELL", who.shell);
    env.set("PATH", who.is_root ? root_path : user_path);
    env.set("LANG", who.lang);
    for (const auto* layer : {&who.session, &order.session, &order.environment})
        for (const shell::variable& v : *layer)
            if (may_set(v)) env.set(v.name, v.value);
    env.set(shell_marker, until_nul(order.shell_id));
    env.set(command_marker, until_nul(order.command_id));
    env.set(process_marker, process_mark(order));

    const bool helped = who.full_shell && !who.commands.empty();
    if (helped) env.set("PATH", std::string{env.get("PATH")} + ':' + who.commands);
    if (helped && !who.powershell.empty()) env.set("WINRM_POWERSHELL", who.powershell);

    child_plan plan;
    plan.directory = order.working_directory.empty() ? who.home : until_nul(order.working_directory);
    if (order.use_shell) {
        const std::string& shell = who.shell;
        const std::string base = shell.substr(shell.rfind('/') + 1);
        plan.candidates = {shell};
        plan.argv = {(order.login_profile ? "-" : "") + base, "-c", until_nul(order.command_line)};
        if (!order.quoted_program.empty()) {
            plan.unquoted = until_nul(order.unquoted_line);
            plan.quoted = search(until_nul(order.quoted_program), env.get("PATH"));
            for (std::string& one : plan.quoted)
                if (!one.starts_with('/')) one.insert(0, plan.directory + '/');
        }
        if (helped) plan.argv.back() = reach_powershell(plan.argv.back(), who, order.login_profile);
        if (helped && !plan.unquoted.empty()) plan.unquoted = reach_powershell(plan.unquoted, who, order.login_profile);
    } else {
        for (const std::string& word : order.argv) plan.argv.push_back(until_nul(word));
        if (!plan.argv.empty()) plan.candidates = search(plan.argv.front(), env.get("PATH"));
    }
    plan.environment = env.take();
    return plan;
}

} // namespace winrm::service::user
