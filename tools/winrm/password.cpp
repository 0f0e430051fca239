#include "winrm/password.h"

#include "base/text.h"
#include "io/unique_fd.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
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
constexpr char ctrl_c = '\x03';

error no_password(std::string why) { return {errc::no_credentials, std::move(why)}; }

/// The first line; the rest is left unread.
/// @param end  a second character that ends it
result<base::secret> first_line(int fd, const std::string& source, char end = '\n')
{
    std::string line;
    line.reserve(longest_password + 1); // no copies left behind by growing
    for (;;) {
        char c = 0;
        const ssize_t n = ::read(fd, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            base::wipe(line.data(), line.size());
            return no_password(source + " cannot be read: " + std::strerror(errno));
        }
        if (n == 0 || c == '\n') break;
        if (line.size() == longest_password || c == '\0') {
            base::wipe(line.data(), line.size());
            return no_password(source +
                               " holds no password: its first line is longer than 1024 bytes or has a NUL in it");
        }
        line += c;
        if (c == end) break;
    }
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) return no_password(source + " gave no password: its first line is empty");
    return base::secret(std::move(line));
}

/// How long a command that has printed its line may go on by itself, and how much more it may print.
constexpr base::milliseconds command_rest_time{1'000};
constexpr std::size_t command_rest_size = 64 * 1024;

/// Waits for the end of a command whose first line is known, and brings it about if it does not come: closes the pipe,
/// SIGTERM, SIGKILL.
/// @return false  it has ended by itself, and not with status 0
bool end_command(pid_t child, io::unique_fd pipe)
{
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    int status = 0, sent = 0;
    std::size_t rest = 0;
    for (;;) {
        const pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) break;
        if (ended < 0 && errno != EINTR) return true; // SIGCHLD is ignored: nobody has its status
        const auto time = clock::now() - begin;
        if (sent == 0 && (time > command_rest_time || rest > command_rest_size)) {
            pipe.reset();
            ::kill(child, sent = SIGTERM);
        } else if (sent == SIGTERM && time > 2 * command_rest_time) {
            ::kill(child, sent = SIGKILL);
        }
        pollfd more{pipe.get(), POLLIN, 0}; // -1 is never ready
        if (::poll(&more, 1, 2) <= 0) continue;
        char piece[4096];
        const ssize_t n = ::read(pipe.get(), piece, sizeof piece);
        if (n > 0) rest += static_cast<std::size_t>(n);
        else if (n == 0 || errno != EINTR) pipe.reset();
    }
    return sent != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

result<base::secret> from_command(const std::string& command, const settings& s)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return no_password(std::string("no pipe for the password command: ") + std::strerror(errno));
    io::unique_fd read_end(ends[0]);
    io::unique_fd write_end(ends[1]);
    const pid_t child = ::fork();
    if (child < 0)
        return no_password(std::string("the password command could not be started: ") + std::strerror(errno));
    if (child == 0) {
        // Standard input belongs to the remote command.
        const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(write_end.get(), 1) < 0) ::_exit(127);
        ::setenv("WINRM_HOST", s.host.value.c_str(), 1);
        ::setenv("WINRM_USER", s.user.value.c_str(), 1);
        ::signal(SIGPIPE, SIG_DFL);
        ::execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    write_end.reset();
    auto password = first_line(read_end.get(), "the password command");
    if (!end_command(child, std::move(read_end))) return no_password("the password command failed");
    return password;
}

/// Echo off while it lives, also when the user breaks off.
class quiet_terminal
{
public:
    explicit quiet_terminal(int fd) : fd_(fd), changed_(::tcgetattr(fd, &before_) == 0)
    {
        if (!changed_) return;
        sigset_t block;
        ::sigemptyset(&block);
        for (const int signo : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP}) ::sigaddset(&block, signo);
        ::pthread_sigmask(SIG_BLOCK, &block, &mask_);
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG); // Ctrl-C arrives as a character, below
        quiet.c_lflag |= ECHONL | ICANON;
        quiet.c_cc[VEOL] = static_cast<cc_t>(ctrl_c);
        ::tcsetattr(fd_, TCSAFLUSH, &quiet);
    }
    ~quiet_terminal()
    {
        if (!changed_) return;
        ::tcsetattr(fd_, TCSAFLUSH, &before_);
        ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    }
    quiet_terminal(const quiet_terminal&) = delete;
    quiet_terminal& operator=(const quiet_terminal&) = delete;

private:
    int fd_;
    termios before_{};
    sigset_t mask_{};
    bool changed_;
};

result<base::secret> from_prompt(const settings& s)
{
    const io::unique_fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal) {
        return no_password("there is no password and no terminal to ask for it; use --password-file, --password-fd, "
                           "--password-command or WINRM_PASSWORD");
    }
    const std::string question =
        "Password of " + base::printable(s.user.value, 200) + " on " + base::printable(s.name, 200) + ": ";
    if (::write(terminal.get(), question.data(), question.size()) < 0)
        return no_password("the terminal cannot be written to");
    result<base::secret> password = [&] {
        const quiet_terminal quiet(terminal.get());
        return first_line(terminal.get(), "the prompt", ctrl_c);
    }();
    if (password && password->reveal().find(ctrl_c) != base::bytes_view::npos)
        return error(errc::cancelled, "cancelled");
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

} // namespace

result<base::secret> password_from_file(const std::string& path)
{
    const std::string shown = "the password file " + base::printable(path, 300);
    const io::unique_fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return no_password(shown + " cannot be opened: " + std::strerror(errno));
    struct stat about
    {};
    if (::fstat(fd.get(), &about) != 0) return no_password(shown + " cannot be read: " + std::strerror(errno));
    if (S_ISDIR(about.st_mode)) return no_password(shown + " is a folder");
    if (S_ISREG(about.st_mode) && (about.st_mode & 0077) != 0)
        return no_password(shown + " can be read by others; chmod 600 it");
    return first_line(fd.get(), shown);
}

result<base::secret> find_password(const options& o, const settings& s)
{
    auto environment = from_environment();
    if (environment && environment->reveal().size() > longest_password)
        return no_password("WINRM_PASSWORD is longer than 1024 bytes");
    if (o.password_fd) return first_line(*o.password_fd, "the descriptor of --password-fd");
    if (!o.password_file.empty()) return password_from_file(o.password_file);
    if (!o.password_command.empty()) return from_command(o.password_command, s);
    if (environment && !environment->empty()) return std::move(*environment);
    if (!s.password_command.value.empty()) return from_command(s.password_command.value, s);
    if (!s.password_file.value.empty()) return password_from_file(s.password_file.value);
    return from_prompt(s);
}

} // namespace winrm::cli
