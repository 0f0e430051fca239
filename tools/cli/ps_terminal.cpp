#include "cli/ps_terminal.h"

#include "cli/report.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "io/unique_fd.h"

#include <cerrno>

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

constexpr std::size_t longest_line = 64 * 1024;

/// The terminal shows nothing of what is typed while it exists.
class no_echo
{
public:
    no_echo(int fd, bool wanted) : fd_(fd), active_(wanted && ::tcgetattr(fd, &before_) == 0) { hide(); }
    ~no_echo() { show(); }
    no_echo(const no_echo&) = delete;
    no_echo& operator=(const no_echo&) = delete;
    void hide() const
    {
        if (!active_) return;
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        quiet.c_lflag |= ECHONL;
        ::tcsetattr(fd_, TCSANOW, &quiet);
    }
    void show() const
    {
        if (active_) ::tcsetattr(fd_, TCSANOW, &before_);
    }

private:
    int fd_;
    termios before_{};
    bool active_;
};

} // namespace

void terminal_user::tell(const std::string& text)
{
    const io::unique_fd terminal(::open("/dev/tty", O_WRONLY | O_CLOEXEC | O_NOCTTY));
    if (terminal) write_all(terminal.get(), text);
}

result<base::secret> terminal_user::ask(const std::string& prompt, bool echo)
{
    caught_ = 0;
    const io::unique_fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal)
        return error(errc::bad_argument, "the script asks for input (" + base::printable(prompt, 80) +
                                             ") and there is no terminal to ask on");
    bounded_wait wait;
    const no_echo quiet(terminal.get(), !echo); // before the prompt: who sees that may type
    write_all(terminal.get(), prompt);
    wait.around_stop([&] { quiet.show(); },
                     [&] {
                         quiet.hide();
                         write_all(terminal.get(), prompt);
                     });
    std::string line;
    line.reserve(longest_line); // never moved: no copy of a secret is left behind
    for (;;) {
        const auto what = wait.wait(terminal.get());
        if (what == bounded_wait::outcome::caught) {
            caught_ = wait.signal();
            base::wipe(line.data(), line.size());
            write_all(terminal.get(), "\n");
            return error(errc::cancelled, "the question was interrupted");
        }
        char c = 0;
        const ssize_t n = ::read(terminal.get(), &c, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0) return error(errc::internal, "the terminal cannot be read: " + base::file_reason(errno));
        if (n == 0 || c == '\n' || line.size() == longest_line) break;
        line += c;
    }
    wait.around_stop({}, {});
    return base::secret(std::move(line));
}

result<std::string> terminal_user::line(const std::string& prompt)
{
    auto said = ask(prompt, true);
    if (!said) return std::move(said).error();
    return std::string(said->reveal());
}

result<base::secret> terminal_user::hidden_line(const std::string& prompt) { return ask(prompt, false); }

} // namespace winrm::cli
