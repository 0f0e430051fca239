#include "service/monitor/passwd.h"

#include "auth/ntlm/keys.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "service/monitor/auth_files.h"
#include "service/monitor/secret_file.h"
#include "service/monitor/user_file.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <iostream>
#include <optional>
#include <string_view>
#include <termios.h>
#include <unistd.h>

namespace winrm::service::monitor {
namespace {

int refuse(const std::string& why)
{
    std::cerr << "winrmd: " << why << '\n';
    return 1;
}

/// One line from a terminal without echo, or from a pipe.
std::string read_password(int fd, const char* prompt)
{
    termios before{};
    const bool terminal = ::tcgetattr(fd, &before) == 0;
    if (terminal) {
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        std::cerr << prompt << std::flush;
        ::tcsetattr(fd, TCSAFLUSH, &silent);
    }
    std::string line;
    line.reserve(1024);
    char c = '\0';
    while (line.size() < 1024 && ::read(fd, &c, 1) == 1 && c != '\n') line += c;
    if (terminal) {
        ::tcsetattr(fd, TCSAFLUSH, &before);
        std::cerr << '\n';
    }
    // From a file of Windows: neither the mark nor the line end is of the password.
    if (!line.empty() && line.back() == '\r') line.pop_back();
    line.erase(0, line.size() - base::without_mark(line).size());
    return line;
}

/// nullopt: refused, and said why.
std::optional<base::secret> ask(int fd)
{
    if (::fcntl(fd, F_GETFD) < 0) {
        (void)refuse("descriptor " + std::to_string(fd) + " is not open: there is no password to read");
        return std::nullopt;
    }
    base::secret password{read_password(fd, "Password: ")};
    if (const auto foreign = base::foreign_encoding(password.reveal()); !foreign.empty()) {
        (void)refuse((fd == STDIN_FILENO ? "standard input" : "descriptor " + std::to_string(fd)) +
                     " holds no password but " + std::string{foreign});
        return std::nullopt;
    }
    if (::isatty(fd) != 0) {
        const base::secret again{read_password(fd, "The same again: ")};
        if (again.reveal() != password.reveal()) {
            (void)refuse("the two differ");
            return std::nullopt;
        }
    }
    return password;
}

/// Where the account goes: into which file of NTLM accounts ("" = none), and onto standard output for user_file?
struct places
{
    std::string ntlm_accounts;
    bool print = false;
};

/// Without a configuration, as before there was NTLM: the line for user_file.
result<places> find_places(const options& o)
{
    if (!o.file.empty()) return places{o.file, false};
    std::error_code none;
    if (!o.config_given && !std::filesystem::exists(o.config, none)) return places{{}, true};
    const loaded_config config = load_config(o.config);
    if (!config.understood)
        return winrm::error{errc::bad_config, config.problems.front().where + ": " + config.problems.front().what};
    places out;
    const auth_settings& a = config.values.auth;
    out.print = !config.values.user_file.empty();
    out.ntlm_accounts = a.ntlm_accounts;
    // A user file keeps its passwords as safe as it did: no weaker hash beside it that nobody asked for.
    if (out.ntlm_accounts.empty() && !out.print && a.ntlm.value_or(true))
        out.ntlm_accounts = (std::filesystem::absolute(o.config, none).parent_path() / default_ntlm_accounts).string();
    if (out.ntlm_accounts.empty() && !out.print)
        return winrm::error{errc::bad_config, o.config + ": passwords are PAM's, and ntlm = false: there is nothing to "
                                                         "write (--file FILE writes a file of NTLM accounts)"};
    return out;
}

int print_line(const options& o, const base::secret& password)
{
    const auto line = make_user_line(o.user, password);
    if (!line) return refuse(line.error().message());
    std::cout << *line << std::endl;
    return 0;
}

int write_account(const std::string& file, const options& o, const base::secret& password)
{
    const auto hash = auth::ntlm::nt_hash(password.reveal());
    if (!hash || password.empty()) return refuse("the password must be UTF-8 and not empty");
    bool named = true;
    const auto done = change_secret_file(file, max_ntlm_file, [&](std::string_view lines) {
        auto changed = with_ntlm_account(lines, o.user, *hash);
        named = changed.has_value();
        return changed;
    });
    if (!done) return refuse(file + ' ' + done.error().message());
    if (!named) return refuse("a user name is needed, as ada or CORP\\ada, without colon and control characters");
    std::cerr << "winrmd: " << file << " lets " << base::printable(o.user) << " log in by NTLM\n";
    return 0;
}

int remove_account(const std::string& file, const options& o)
{
    if (file.empty()) return refuse("--delete needs --file FILE, or a configuration that has NTLM accounts");
    const auto done = change_secret_file(file, max_ntlm_file,
                                         [&](std::string_view lines) { return without_ntlm_account(lines, o.user); });
    if (!done) return refuse(file + ' ' + done.error().message());
    if (!*done) return refuse(file + " has no account " + base::printable(o.user));
    std::cerr << "winrmd: " << file << " lets " << base::printable(o.user) << " log in no longer\n";
    return 0;
}

} // namespace

int run_passwd(const options& o)
{
    const auto to = find_places(o);
    if (!to) return refuse(to.error().message());
    if (o.remove) return remove_account(to->ntlm_accounts, o);
    const auto password = ask(o.password_fd);
    if (!password) return 1;
    if (!to->ntlm_accounts.empty())
        if (const int status = write_account(to->ntlm_accounts, o, *password); status != 0) return status;
    return to->print ? print_line(o, *password) : 0;
}

} // namespace winrm::service::monitor
