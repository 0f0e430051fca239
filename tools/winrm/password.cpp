#include "winrm/password.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "io/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
result<base::secret> first_line(int fd, const std::string& source, patience& wait)
{
    wiped_line line;
    bool begun = false; // behind where a byte-order mark may stand
    for (;;) {
        switch (wait.wait(fd)) {
        case patience::outcome::late:
            return error(errc::timeout, source + " gave no password within the time limit (--timeout raises it)");
        case patience::outcome::caught:
            return error(errc::cancelled, "a signal ended it while the password was waited for");
        case patience::outcome::failed: return unreadable(source, errno);
        case patience::outcome::pause:
        case patience::outcome::ready: break;
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

std::vector<pid_t> children_of(pid_t pid)
{
    const std::string number = std::to_string(pid);
    std::ifstream file("/proc/" + number + "/task/" + number + "/children");
    std::vector<pid_t> out;
    for (pid_t child = 0; file >> child;) out.push_back(child);
    return out;
}

/// While it lives, what loses its parent becomes our child instead of init's.
class orphanage
{
public:
    orphanage() : before_(children_of(::getpid())) { ::prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL); }
    ~orphanage() { ::prctl(PR_SET_CHILD_SUBREAPER, 0UL, 0UL, 0UL, 0UL); }
    orphanage(const orphanage&) = delete;
    orphanage& operator=(const orphanage&) = delete;
    /// Those that have come since the last call.
    [[nodiscard]] std::vector<pid_t> arrivals()
    {
        std::vector<pid_t> out;
        for (const pid_t pid : children_of(::getpid())) {
            if (std::find(before_.begin(), before_.end(), pid) == before_.end()) out.push_back(pid);
        }
        before_.insert(before_.end(), out.begin(), out.end());
        return out;
    }

private:
    std::vector<pid_t> before_;
};

/// A process and what it has started, held so that no other can be taken for them.
class process_tree
{
public:
    process_tree(pid_t root, int signo) { take(root, signo); }
    /// Each is stopped while its children are listed, so that none can be added meanwhile; all go on then.
    void take(pid_t root, int signo)
    {
        const std::size_t first = processes_.size();
        add(root, 0);
        for (const int s : {signo, SIGCONT}) {
            for (std::size_t i = first; i < processes_.size(); ++i) send(processes_[i], s);
        }
    }
    void send(int signo) const
    {
        for (const auto& p : processes_) send(p, signo);
    }
    [[nodiscard]] bool gone() const
    {
        return std::all_of(processes_.begin(), processes_.end(), [](const io::unique_fd& p) {
            pollfd end{p.get(), POLLIN, 0};
            return ::poll(&end, 1, 0) > 0;
        });
    }

private:
    static constexpr int deepest = 32;

    static void send(const io::unique_fd& process, int signo)
    {
        ::syscall(SYS_pidfd_send_signal, process.get(), signo, nullptr, 0);
    }

    /// The letter of proc(5); '?' if it is not there.
    static char state(const std::string& folder)
    {
        std::ifstream file(folder + "/stat");
        std::string text;
        std::getline(file, text);
        const auto name_end = text.rfind(')'); // "PID (NAME) S ..."
        return name_end == std::string::npos || name_end + 2 >= text.size() ? '?' : text[name_end + 2];
    }

    void add(pid_t pid, int depth)
    {
        io::unique_fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); // its header is not for C++
        if (!process) return;
        const std::string number = std::to_string(pid), folder = "/proc/" + number;
        send(process, SIGSTOP);
        for (int turns = 0; turns < 100 && base::bytes_view("TtZX?").find(state(folder)) == base::bytes_view::npos;
             ++turns)
            ::poll(nullptr, 0, 1);
        processes_.push_back(std::move(process));
        if (depth == deepest) return;
        for (const pid_t child : children_of(pid)) add(child, depth + 1);
    }

    std::vector<io::unique_fd> processes_;
};

/// How long a command that has printed its line may go on by itself, and how much more it may print.
constexpr base::milliseconds command_rest_time{1'000};
constexpr std::size_t command_rest_size = 64 * 1024;
/// From SIGTERM to SIGKILL; shorter when the user waits for the prompt.
constexpr base::milliseconds command_last_time{1'000}, command_last_time_in_a_hurry{100};

/// Waits for the end of a command whose first line is known, or no longer wanted, and brings it about if it does not
/// come: closes the pipe, SIGTERM, SIGKILL.
/// @return false  it has ended by itself, and not with status 0
bool end_command(pid_t child, io::unique_fd pipe, patience& wait, orphanage& orphans)
{
    using clock = std::chrono::steady_clock;
    const auto begin = clock::now();
    auto terminated = begin;
    std::optional<process_tree> tree;
    int status = 0, sent = 0;
    std::size_t rest = 0;
    bool ended = false;
    for (;;) {
        const pid_t reaped = ended ? 0 : ::waitpid(child, &status, WNOHANG);
        if (reaped < 0 && errno != EINTR) return true; // SIGCHLD is ignored: nobody has its status
        if (reaped == child) ended = true;
        // What it had started may need the time to put a terminal in order.
        if (ended && !tree) break;
        if (ended && (sent == SIGKILL || tree->gone())) {
            // A shell that blocks signals while it forks (dash) may have started one more before it ended.
            const auto more = orphans.arrivals();
            if (more.empty()) break;
            for (const pid_t pid : more) tree->take(pid, sent);
        }
        const auto now = clock::now();
        const bool hurry = wait.over();
        if (sent == 0 && (hurry || now - begin > command_rest_time || rest > command_rest_size)) {
            pipe.reset();
            tree.emplace(child, sent = SIGTERM);
            terminated = now;
        } else if (sent == SIGTERM && now - terminated > (hurry ? command_last_time_in_a_hurry : command_last_time)) {
            tree->send(sent = SIGKILL);
        }
        constexpr base::milliseconds pause{2};
        const auto state = hurry ? patience::outcome::late : wait.wait(pipe.get(), pause);
        if (state != patience::outcome::ready && state != patience::outcome::pause)
            ::poll(nullptr, 0, static_cast<int>(pause.count()));
        if (state != patience::outcome::ready) continue;
        char piece[4096];
        const ssize_t n = ::read(pipe.get(), piece, sizeof piece);
        if (n > 0) rest += static_cast<std::size_t>(n);
        else if (n == 0 || errno != EINTR) pipe.reset();
    }
    return sent != 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

result<base::secret> from_command(const std::string& command, const settings& s, patience& wait)
{
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        return no_password("no pipe for the password command: " + base::file_reason(errno));
    io::unique_fd read_end(ends[0]);
    io::unique_fd write_end(ends[1]);
    orphanage orphans;
    const pid_t child = ::fork();
    if (child < 0) return no_password("the password command could not be started: " + base::file_reason(errno));
    if (child == 0) {
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
    if (!end_command(child, std::move(read_end), wait, orphans)) return no_password("the password command failed");
    return password;
}

/// Echo off while it lives, but for show().
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

result<base::secret> from_prompt(const settings& s, patience& wait)
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
    if (wait.over()) show("\n"); // nobody has ended the line
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

result<base::secret> ask_sources(const options& o, const settings& s, patience& wait)
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

result<base::secret> password_from_file(const std::string& path, patience& wait)
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
    patience wait(limit);
    auto password = ask_sources(o, s, wait);
    if (wait.signal() != 0) {
        caught = wait.signal();
        return error(errc::cancelled, "a signal ended it while the password was waited for");
    }
    if (password && wait.over())
        return error(errc::timeout, "the password came after the time limit (--timeout raises it)");
    return password;
}

} // namespace winrm::cli
