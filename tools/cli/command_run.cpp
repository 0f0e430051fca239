// winrm run: one command, its streams, its exit status.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/login.h"
#include "cli/login_words.h"
#include "cli/output.h"
#include "cli/report.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "client/run.h"
#include "clixml/console.h"

#include <array>
#include <bitset>
#include <cerrno>
#include <csignal>
#include <memory>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

/// Longest wait for Signal and Delete after the command is done; then a background process continues.
constexpr base::milliseconds cleanup_wait{100};
/// The same with --json, where the counts in the object shall include them.
constexpr base::milliseconds json_cleanup_wait{1000};
/// Longest time for the background process.
constexpr base::milliseconds background_limit{10'000};
/// Bytes of each stream that --json collects.
constexpr std::size_t largest_json_stream = 64 * 1024 * 1024;
/// A stream longer than this reserves the whole limit at once: untouched pages cost nothing, and growing would hold the
/// bytes twice.
constexpr std::size_t small_json_stream = 1024 * 1024;

/// ERROR_OPERATION_ABORTED: how a host ends the Receive of a command that was terminated.
constexpr std::uint32_t operation_aborted = 995;

std::bitset<256> inherited_files;

remote::run_request make_request(const options& o, const settings& s, base::milliseconds time_left, bool with_input)
{
    remote::run_request r;
    auto& create = r.shell.create;
    create.working_directory = o.cwd;
    create.name = o.shell_name;
    for (const auto& [name, value] : o.environment) create.environment.push_back({name, value});
    create.idle_timeout = o.idle_timeout;
    if (o.profile || o.no_profile) create.no_profile = o.no_profile;
    if (s.code_page.value != 0) create.code_page = s.code_page.value;
    r.shell.operation_timeout = s.operation_timeout.value;
    r.command.command = o.command.front();
    r.command.arguments.assign(o.command.begin() + 1, o.command.end());
    if (o.skip_cmd_shell) r.command.skip_cmd_shell = true;
    r.has_input = with_input;
    r.timeout = time_left;
    r.limit = s.timeout.value;
    return r;
}

/// Our exit status for the command's: its low 8 bits, but never 0 for a command that failed (256, 0x80131500).
int status_for(std::int64_t exit_code)
{
    const auto low = static_cast<int>(exit_code & 0xFF);
    return low == 0 && exit_code != 0 ? 1 : low;
}

/// One run from the first request to the exit status.
class runner
{
public:
    runner(const options& o, login&& l)
        : options_(o), login_(std::move(l)), session_(shared_, session_settings(login_)),
          out_(loop_, 1, o.raw, output_events(0)), err_(loop_, 2, o.raw, output_events(1)), limit_(loop_),
          begin_(loop_.now())
    {
        for (const int signo : ending_signals) {
            if (is_ignored(signo)) continue;
            signals_.push_back(std::make_unique<io::signal_watch>(loop_, std::initializer_list<int>{signo},
                                                                  [this](int s) { signalled(s); }));
        }
        const bool with_input = !o.no_stdin && has_input(0);
        if (with_input) {
            input_.emplace(loop_, 0,
                           input::events{[this](base::bytes data, bool end) {
                                             if (!done_) run_->send_input(std::move(data), end);
                                         },
                                         [this] {
                                             if (!done_) run_->cancel();
                                         }});
        }
        run_.emplace(session_, make_request(o, login_.host, login_.time_left(), with_input),
                     remote::run::handlers{
                         [this](base::bytes_view stream, base::bytes_view data) { take(stream, data); },
                         [this] {
                             tell_login();
                             if (input_ && !done_) input_->want();
                         },
                         [this](result<remote::run_result> r) { ended(std::move(r)); }, [this] { finished_ = true; }});
    }

    int go()
    {
        while (!done_ && loop_.run_one()) {}
        const auto elapsed = std::chrono::duration_cast<base::milliseconds>(loop_.now() - begin_);
        if (input_) input_->close();
        if (const std::string rest = readable_.flush(); !rest.empty()) keep(true, rest);
        int status = 0;
        if (options_.json) {
            wait_for_cleanup(json_cleanup_wait);
            status = print_object(elapsed);
        } else {
            out_.end();
            err_.end();
            while (!(out_.empty() && err_.empty()) && caught_ == 0 && loop_.run_one()) {}
            status = print_error();
            wait_for_cleanup(cleanup_wait);
        }
        if (!finished_) finish_in_background(status);
        return status;
    }

private:
    static remote::session_options session_settings(const login& l) { return l.session; }

    output::events output_events(int which)
    {
        return {[this, which] { slow(which, true); }, [this, which] { slow(which, false); },
                [this] {
                    if (!done_) run_->cancel();
                }};
    }

    /// Back-pressure: no further Receive while either reader is behind.
    void slow(int which, bool is)
    {
        const bool before = slow_[0] || slow_[1];
        slow_[which] = is;
        const bool now = slow_[0] || slow_[1];
        if (done_ || before == now) return;
        if (now) run_->pause_output();
        else run_->resume_output();
    }

    /// With -v, once for each login that is new.
    void tell_login()
    {
        if (!options_.verbose) return;
        auto line = login_line(login_.host.name, session_.login());
        if (line.empty() || line == told_) return;
        told_ = std::move(line);
        write_all(2, told_);
    }

    void take(base::bytes_view stream, base::bytes_view data)
    {
        tell_login();
        // PowerShell writes its errors as CLIXML where they are read by a program.
        if (stream == "stderr" && !options_.raw) keep(true, readable_.pass(data));
        else keep(stream == "stderr", data);
    }

    void keep(bool is_err, base::bytes_view data)
    {
        if (!options_.json) {
            (is_err ? err_ : out_).write(data);
            return;
        }
        std::string& kept = is_err ? kept_err_ : kept_out_;
        const std::size_t room = largest_json_stream - kept.size();
        if (kept.size() + data.size() > small_json_stream) kept.reserve(largest_json_stream);
        kept.append(data.substr(0, room));
        if (data.size() > room && !over_limit_) {
            over_limit_ = true;
            loop_.post([this] {
                if (!done_) run_->cancel();
            });
        }
    }

    void ended(result<remote::run_result> r)
    {
        done_ = true;
        tell_login();
        output_uncertain_ = run_->output_uncertain();
        if (over_limit_) {
            failure_.emplace(errc::output_limit,
                             "the command printed more than the 64 MiB that --json collects; it was terminated");
        } else if (input_ && input_->failure() != 0) {
            failure_.emplace(errc::internal, "standard input cannot be read: " + base::file_reason(input_->failure()) +
                                                 "; the command was terminated");
        } else if (!r && presses_ > 1 && r.error().fault() != nullptr && r.error().fault()->code == operation_aborted) {
            caught_ = SIGINT; // what the second Ctrl-C asked for
            failure_.emplace(errc::cancelled, "the command was terminated by Ctrl-C");
        } else if (!r) {
            failure_ = std::move(r).error();
        } else if (!r->exit_code) {
            failure_.emplace(errc::protocol, "the host ended the command without an exit status");
        } else {
            exit_code_ = r->exit_code;
        }
    }

    /// First Ctrl-C: sent to the command. Second: the command is terminated. Third: we end.
    void signalled(int signo)
    {
        if (done_) {
            caught_ = signo; // the output that is left has no reader
            return;
        }
        // Before it has begun there is no command that could get a Ctrl-C.
        if (signo == SIGINT && presses_ < 2 && run_->fate() == remote::command_fate::started) {
            run_->signal(presses_++ == 0 ? shell::signal_code::ctrl_c : shell::signal_code::terminate);
            return;
        }
        caught_ = signo;
        run_->cancel();
    }

    int print_error()
    {
        if (caught_ != 0) return 128 + caught_;
        if (out_.failure() == EPIPE || err_.failure() == EPIPE) return reader_gone;
        if (const int why = out_.failure()) failure_ = cannot_write("standard output", why);
        else if (const int why_not = err_.failure()) failure_ = cannot_write("standard error", why_not);
        return end_report();
    }

    /// The line on standard error, if there is something to say.  @return exit status
    int end_report()
    {
        err_.close(); // gives the file back its blocking ways
        if (failure_) return fail(login_.host.name, *failure_, false);
        if (output_uncertain_) {
            write_all(2, "winrm: " + base::printable(login_.host.name, 255) +
                             ": the connection was lost and made again while output was under way; some of it may be "
                             "missing\n");
        }
        return status_for(*exit_code_);
    }

    int print_object(base::milliseconds elapsed)
    {
        out_.close(); // gives the file back its blocking ways
        int why = 0;
        json_writer w([&why](base::bytes_view text) {
            if (write_all(1, text)) return true;
            why = errno;
            return false;
        });
        w.begin_object();
        w.text("host", login_.host.name);
        w.stream("stdout", kept_out_);
        w.stream("stderr", kept_err_);
        if (exit_code_) w.number("exit_code", *exit_code_);
        else w.null("exit_code");
        w.boolean("output_uncertain", output_uncertain_);
        w.number("elapsed_ms", elapsed.count());
        w.number("requests", static_cast<std::int64_t>(session_.requests()));
        w.number("connections", static_cast<std::int64_t>(session_.connections()));
        w.number("bytes_sent", static_cast<std::int64_t>(session_.bytes_sent()));
        w.number("bytes_received", static_cast<std::int64_t>(session_.bytes_received()));
        if (failure_) {
            write_error(w, *failure_, [&] {
                if (!run_->shell_id().empty()) w.text("shell_id", run_->shell_id());
                const auto fate = run_->fate();
                if (fate != remote::command_fate::unknown)
                    w.boolean("command_started", fate == remote::command_fate::started);
            });
        } else {
            w.null("error");
        }
        w.end_object();
        const bool written = w.finish();
        if (caught_ != 0) return 128 + caught_;
        if (!written && why == EPIPE) return reader_gone;
        if (!written && !failure_) failure_ = cannot_write("standard output", why);
        return end_report();
    }

    void wait_for_cleanup(base::milliseconds time)
    {
        bool late = false;
        limit_.set_after(time, [&late] { late = true; });
        while (!finished_ && !late && loop_.run_one()) {}
        limit_.cancel();
    }

    /// Clean-up in the background: a child inherits the session in memory and ends it, while the user has the prompt.
    void finish_in_background(int status)
    {
        out_.close();
        err_.close();
        const pid_t child = ::fork();
        if (child > 0) ::_exit(status); // the connections are the child's now: not a byte more from here
        if (child == 0) {
            ::setsid();
            const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
            for (int fd = 0; fd <= 2; ++fd) ::dup2(null, fd);
            close_inherited_files();
            ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(background_limit).count()) +
                    5); // whatever happens
        }
        wait_for_cleanup(background_limit); // also when there is no second process to be had
        if (child == 0) ::_exit(0);
    }

    const options& options_;
    login login_;
    io::loop loop_;
    remote::context shared_{loop_};
    remote::session session_;
    output out_, err_;
    io::timer limit_;
    base::time_point begin_;
    std::optional<input> input_;
    std::string kept_out_, kept_err_;
    clixml::console_filter readable_; ///< of standard error
    std::string told_;                ///< the line of -v that was written last
    std::optional<error> failure_;
    std::optional<std::int64_t> exit_code_;
    bool slow_[2] = {false, false};
    bool done_ = false, finished_ = false, over_limit_ = false, output_uncertain_ = false;
    int presses_ = 0, caught_ = 0;
    std::vector<std::unique_ptr<io::signal_watch>> signals_;
    std::optional<remote::run> run_; // last: it calls the others
};

} // namespace

void remember_inherited_files()
{
    std::array<pollfd, inherited_files.size()> all{}; // one call instead of hundreds: POLLNVAL where nothing is open
    for (std::size_t fd = 0; fd < all.size(); ++fd) all[fd].fd = static_cast<int>(fd);
    const bool polled = ::poll(all.data(), all.size(), 0) >= 0; // refused when fewer files than that are allowed
    for (std::size_t fd = 3; fd < all.size(); ++fd) {
        inherited_files.set(fd, polled ? (all[fd].revents & POLLNVAL) == 0 : ::fcntl(all[fd].fd, F_GETFD) >= 0);
    }
}

void close_inherited_files()
{
    for (int fd = 3; fd < static_cast<int>(inherited_files.size()); ++fd) {
        if (inherited_files.test(static_cast<std::size_t>(fd))) ::close(fd);
    }
}

int run_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, false, caught);
    if (!made) return not_begun(o, made.error(), caught);
    runner r(o, std::move(*made));
    return r.go();
}

} // namespace winrm::cli
