#include "cli/password.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "io/unique_fd.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

constexpr std::size_t longest_password = 1024;

error no_password(std::string why) { return {errc::no_credentials, std::move(why)}; }

error unreadable(const std::string& source, int number)
{
    return no_password(source + " cannot be read: " + base::file_reason(number));
}

/// Wiped on every way out.
struct wiped_line
{
    wiped_line() { text.reserve(longest_password + 1); } // no copies left behind by growing
    ~wiped_line() { base::wipe(text.data(), text.size()); }
    wiped_line(const wiped_line&) = delete;
    wiped_line& operator=(const wiped_line&) = delete;
    std::string text;
};

/// The first line; the rest is left unread.
result<base::secret> first_line(int fd, const std::string& source, bounded_wait& wait)
{
    wiped_line line;
    bool begun = false; // behind where a byte-order mark may stand
    for (;;) {
        switch (wait.wait(fd)) {
        case bounded_wait::outcome::late:
            return error(errc::timeout, source + " gave no password within the time limit")
                .with_remedy(remedy::raise_timeout);
        case bounded_wait::outcome::caught:
            return error(errc::cancelled, "a signal ended it while the password was waited for");
        case bounded_wait::outcome::failed: return unreadable(source, errno);
        case bounded_wait::outcome::pause:
        case bounded_wait::outcome::ready: break;
        }
        char c = 0;
        const ssize_t n = ::read(fd, &c, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return unreadable(source, errno);
        if (n == 0 || c == '\n') break;
        if (line.text.size() == longest_password)
            return no_password(source + " holds no password: its first line is longer than 1024 bytes");
        line.text += c;
        if (line.text.size() <= 4 || c == '\0') {
            if (const auto foreign = base::foreign_encoding(line.text); !foreign.empty())
                return no_password(source + " holds no password but " + std::string(foreign));
        }
        if (c == '\0') return no_password(source + " holds no password: its first line has a NUL in it");
        if (!begun && line.text == base::utf8_mark) line.text.clear();
        begun = begun || line.text.empty() || line.text.size() >= base::utf8_mark.size();
    }
    if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
    if (line.text.empty()) return no_password(source + " gave no password: its first line is empty");
    return base::secret(std::move(line.text));
}

/// How long a command that has printed its line may go on by itself, and how much more it may print.
constexpr base::milliseconds command_rest_time{1'000};
constexpr std::size_t command_rest_size = 64 * 1024;
/// From SIGTERM to SIGKILL; shorter when the time limit has passed or a signal came.
constexpr base::milliseconds kill_delay{1'000}, urgent_kill_delay{100};

/// To a command and what it has started.
/// @param reaped  the leader's number may be another process's by now, its group's may not
void signal_group(pid_t leader, bool reaped, int signo)
{
    if (::kill(-leader, signo) != 0 && !reaped) ::kill(leader, signo); // it has not reached its setsid() yet
}

bool group_is_gone(pid_t leader) { return ::kill(-leader, 0) != 0 && errno == ESRCH; }

/// Its status for waitpid(2) once it has ended; nullopt: it runs.
std::optional<int> reap(pid_t child)
{
    int status = 0;
    const pid_t got = ::waitpid(child, &status, WNOHANG);
    if (got == child) return status;
    if (got < 0 && errno != EINTR) return 0; // SIGCHLD is ignored: its status is lost
    return std::nullopt;
}

/// Waits for the end of a command whose first line is known, or no longer wanted, and brings it about if it does not
/// come: closes the pipe, SIGTERM, SIGKILL, each to the whole group.
/// @return false  it has ended by itself, and not with status 0
bool end_command(pid_t child, io::unique_fd pipe, bounded_wait& wait)
{
    using clock = std::chrono::steady_clock;
    enum class stage { running, terminated, killed } at = stage::running;
    auto since = clock::now();
    std::optional<int> status;
    std::size_t rest = 0;
    for (;;) {
        if (!status) status = reap(child);
        // After SIGTERM the others of the group may need the time to clean up.
        if (status && (at != stage::terminated || group_is_gone(child))) break;
        const auto waited = clock::now() - since;
        const bool urgent = wait.over();
        if (at == stage::running && (urgent || waited > command_rest_time || rest > command_rest_size)) {
            pipe.reset();
            signal_group(child, status.has_value(), SIGTERM);
            signal_group(child, status.has_value(), SIGCONT); // one that is stopped would not take it
            at = stage::terminated;
            since = clock::now();
        } else if (at == stage::terminated && waited > (urgent ? urgent_kill_delay : kill_delay)) {
            signal_group(child, status.has_value(), SIGKILL);
            at = stage::killed;
        }
        constexpr base::milliseconds pause{2};
        const auto state = urgent ? bounded_wait::outcome::late : wait.wait(pipe.get(), pause);
        if (state != bounded_wait::outcome::ready && state != bounded_wait::outcome::pause)
            ::poll(nullptr, 0, static_cast<int>(pause.count()));
        if (state != bounded_wait::outcome::ready) continue;
        char piece[4096];
        const ssize_t n = ::read(pipe.get(), piece, sizeof piece);
        if (n > 0) rest += static_cast<std::size_t>(n);
        else if (n == 0 || errno != EINTR) pipe.reset();
    }
    return at != stage::running || (WIFEXITED(*status) && WEXITSTATUS(*status) == 0);
}

result<base::secret> from_command(const std::string& command, const settings& s, bounded_wait& wait)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return no_password("no pipe for the password command: " + base::file_reason(errno));
    io::unique_fd read_end(ends[0]);
    io::unique_fd write_end(ends[1]);
    const pid_t child = ::fork();
    if (child < 0) return no_password("the password command could not be started: " + base::file_reason(errno));
    if (child == 0) {
        ::setsid(); // its group is what can be ended as a whole
        // Standard input belongs to the remote command.
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(write_end.get(), 1) < 0) ::_exit(127);
        ::setenv("WINRM_HOST", s.host.value.c_str(), 1);
        ::setenv("WINRM_USER", s.user.value.c_str(), 1);
        static_cast<void>(::signal(SIGPIPE, SIG_DFL));
        wait.restore_signals();
        ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    write_end.reset();
    auto password = first_line(read_end.get(), "the password command", wait);
    if (!end_command(child, std::move(read_end), wait)) return no_password("the password command failed");
    return password;
}

/// Echo is off while it exists, except between show() and hide().
class quiet_terminal
{
public:
    explicit quiet_terminal(int fd) : fd_(fd), known_(::tcgetattr(fd, &before_) == 0) { hide(); }
    ~quiet_terminal() { show(); }
    quiet_terminal(const quiet_terminal&) = delete;
    quiet_terminal& operator=(const quiet_terminal&) = delete;

    void hide() const
    {
        if (!known_) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        quiet.c_lflag |= ECHONL | ICANON;
        ::tcsetattr(fd_, TCSAFLUSH, &quiet);
    }
    void show() const
    {
        if (known_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    }

private:
    int fd_;
    termios before_{};
    bool known_;
};

result<base::secret> from_prompt(const settings& s, bounded_wait& wait)
{
    const io::unique_fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal) {
        return no_password("there is no password and no terminal to ask for it; use --password-file, --password-fd, "
                           "--password-command or WINRM_PASSWORD");
    }
    const std::string question =
        "Password of " + base::printable(s.user.value, 200) + " on " + base::printable(s.name, 200) + ": ";
    const auto show = [&terminal](base::bytes_view text) {
        return ::write(terminal.get(), text.data(), text.size()) >= 0;
    };
    if (!show(question)) return no_password("the terminal cannot be written to");
    const quiet_terminal quiet(terminal.get());
    wait.around_stop([&] { quiet.show(); },
                     [&] {
                         quiet.hide();
                         show(question);
                     });
    auto password = first_line(terminal.get(), "the prompt", wait);
    wait.around_stop({}, {});
    if (wait.over()) show("\n"); // the user has not ended the line
    return password;
}

std::optional<base::secret> from_environment()
{
    char* text = std::getenv("WINRM_PASSWORD");
    if (text == nullptr) return std::nullopt;
    base::secret out(std::string{text});
    base::wipe(text, std::strlen(text));
    ::unsetenv("WINRM_PASSWORD");
    return out;
}

result<base::secret> ask_sources(const options& o, const settings& s, bounded_wait& wait)
{
    auto environment = from_environment();
    if (environment && environment->reveal().size() > longest_password)
        return no_password("WINRM_PASSWORD is longer than 1024 bytes");
    if (o.password_fd) return first_line(*o.password_fd, "the descriptor of --password-fd", wait);
    if (!o.password_file.empty()) return password_from_file(o.password_file, wait);
    if (!o.password_command.empty()) return from_command(o.password_command, s, wait);
    if (environment && !environment->empty()) return std::move(*environment);
    if (!s.password_command.value.empty()) return from_command(s.password_command.value, s, wait);
    if (!s.password_file.value.empty()) return password_from_file(s.password_file.value, wait);
    return from_prompt(s, wait);
}

} // namespace

result<base::secret> password_from_file(const std::string& path, bounded_wait& wait)
{
    const std::string shown = "the password file " + base::printable(path, 300);
    const io::unique_fd fd(
        ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)); // a FIFO is waited for below
    if (!fd) return no_password(shown + " cannot be opened: " + base::file_reason(errno));
    struct stat about
    {};
    if (::fstat(fd.get(), &about) != 0) return no_password(shown + " cannot be read: " + base::file_reason(errno));
    if (S_ISDIR(about.st_mode)) return no_password(shown + " is a folder");
    if (S_ISREG(about.st_mode) && (about.st_mode & 0077) != 0)
        return no_password(shown + " can be read by others; chmod 600 it");
    return first_line(fd.get(), shown, wait);
}

result<base::secret> find_password(const options& o, const settings& s, deadline limit, int& caught)
{
    // Before one of our own could take its number.
    if (o.password_fd && ::fcntl(*o.password_fd, F_GETFD) < 0)
        return unreadable("the descriptor of --password-fd", errno);
    bounded_wait wait(limit);
    auto password = ask_sources(o, s, wait);
    if (wait.signal() != 0) {
        caught = wait.signal();
        return error(errc::cancelled, "a signal ended it while the password was waited for");
    }
    if (password && wait.over())
        return error(errc::timeout, "the password came after the time limit").with_remedy(remedy::raise_timeout);
    return password;
}

} // namespace winrm::cli
