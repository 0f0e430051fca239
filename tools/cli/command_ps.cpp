// winrm ps: one PowerShell script on a host, its streams, its exit status.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/login.h"
#include "cli/login_words.h"
#include "cli/output.h"
#include "cli/ps_host.h"
#include "cli/ps_input.h"
#include "cli/ps_parameters.h"
#include "cli/ps_text.h"
#include "cli/report.h"

#include "base/system_reason.h"
#include "base/text.h"
#include "base/text_encoding.h"
#include "client/machine_driver.h"
#include "client/powershell.h"
#include "powershell/script_run.h"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <vector>

#include <sys/ioctl.h>
#include <unistd.h>

namespace winrm::cli {
namespace {

constexpr base::milliseconds cleanup_wait{2'000};
/// In place of an exit status: run once more, and format here.
constexpr int start_again = -1;
/// Of output that is no terminal, as PowerShell itself takes it for a file.
constexpr int file_width = 120;

/// Columns and rows of the terminal behind `fd`.
psrp::size window_of(int fd)
{
    winsize w{};
    if (::isatty(fd) == 1 && ::ioctl(fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0) return {w.ws_col, w.ws_row};
    return {file_width, 50};
}

result<std::string> read_file(const std::string& path)
{
    std::ifstream file(path == "-" ? "/dev/stdin" : path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file && !file.eof())
        return error(errc::bad_argument, "the script " + path + " cannot be read: " + base::file_reason(errno));
    if (text.starts_with(base::utf8_mark)) text.erase(0, base::utf8_mark.size());
    return text;
}

struct script
{
    std::string text;
    bool from_stdin = false;
};

/// -c TEXT, -f FILE or "-"; the first word is the script's text where neither is given.
result<script> find_script(const options& o)
{
    if (!o.script.empty()) return script{o.script};
    auto text = read_file(o.script_file);
    if (!text) return std::move(text).error();
    return script{std::move(*text), o.script_file == "-"};
}

result<psrp::pipeline> make_pipeline(const options& o, const script& s, object_format format, const psrp::size& window)
{
    psrp::pipeline p;
    psrp::command first(s.text, !is_command_name(s.text));
    for (const auto& text : o.parameters) {
        auto made = parse_parameter(text);
        if (!made) return std::move(made).error();
        first.with(std::move(made->name), std::move(made->value));
    }
    for (const auto& word : o.command) first.with(clixml::value(word));
    p.commands.push_back(std::move(first));
    if (format == object_format::text && !o.plain_objects) {
        psrp::command show("Out-String", false);
        show.with("Stream", clixml::value(true)).with("Width", clixml::value(window.width));
        p.commands.push_back(std::move(show));
    }
    return p;
}

object_format format_of(const options& o)
{
    if (o.output_format == "json" || o.json) return object_format::json;
    if (o.output_format == "jsonl") return object_format::jsonl;
    if (o.output_format == "csv") return object_format::csv;
    if (o.output_format == "clixml") return object_format::clixml;
    return object_format::text;
}

/// One script from the first request to the exit status.
class script_runner
{
public:
    script_runner(const options& o, const login& l, psrp::pipeline&& what, object_format format, bool with_input)
        : options_(o), login_(l), session_(shared_, session_of(login_)), out_(loop_, 1, o.raw, output_events()),
          err_(loop_, 2, o.raw, output_events()), limit_(loop_), objects_(format),
          plain_lines_(format == object_format::text && !o.plain_objects),
          actions_{[this](base::bytes_view t) { show(out_, t); },
                   [this](base::bytes_view t) {
                       if (pairs_.first_as_call(std::string(t))) show(err_, t);
                   },
                   [this] { clear_progress(); }, window_of(1)}
    {
        for (const int signo : ending_signals) {
            if (is_ignored(signo)) continue;
            signals_.push_back(std::make_unique<io::signal_watch>(loop_, std::initializer_list<int>{signo},
                                                                  [this](int s) { signalled(s); }));
        }
        what.takes_input = with_input;
        if (with_input) {
            reader_.emplace(o.input_format);
            input_.emplace(
                loop_, 0, input::events{[this](base::bytes data, bool end) { feed(data, end); }, [this] { cancel(); }});
        }
        driver_ = std::make_shared<driver>(
            session_, powershell::script_run(request_of(std::move(what)), shared_.random(), loop_.now()),
            [this](powershell::script_event&& e) {
                std::visit([this](auto&& event) { take(std::move(event)); }, std::move(e));
            });
        driver_->pump_soon();
    }
    ~script_runner() { driver_->detach(); }
    script_runner(const script_runner&) = delete;
    script_runner& operator=(const script_runner&) = delete;

    int go()
    {
        while (!done_ && loop_.run_one()) {}
        clear_progress();
        if (lacks_formatter()) return start_again;
        if (input_) input_->close();
        if (caught_ == 0) out_.write(objects_.end());
        out_.end();
        err_.end();
        while (!(out_.empty() && err_.empty()) && caught_ == 0 && loop_.run_one()) {}
        wait_for_cleanup();
        out_.close();
        err_.close();
        return status();
    }

private:
    using driver = remote::machine_driver<powershell::script_run>;

    static remote::session_options session_of(const login& l)
    {
        auto s = l.session;
        s.max_connections = remote::connections_of_a_pool;
        return s;
    }

    powershell::script_request request_of(psrp::pipeline&& what)
    {
        powershell::script_request r;
        r.carrier = remote::carrier_options_for(options_.configuration, login_.host.operation_timeout.value,
                                                shared_.random(), login_.host.compress.value);
        r.carrier.shell.create.name = options_.shell_name;
        r.carrier.shell.create.idle_timeout = options_.idle_timeout;
        r.pool.id = *base::uuid::parse(r.carrier.shell.create.shell_id);
        r.pool.host = psrp::host_info::interactive(actions_.window);
        r.what = std::move(what);
        r.timeout = login_.time_left();
        r.limit = login_.host.timeout.value;
        return r;
    }

    output::events output_events()
    {
        return {[this] { slow(true); }, [this] { slow(false); }, [this] { cancel(); }};
    }

    void slow(bool is)
    {
        if (!driver_) return;
        if (is) driver_->machine().pause();
        else driver_->machine().resume();
        driver_->pump_soon();
    }

    void cancel()
    {
        if (!driver_ || done_) return;
        driver_->machine().cancel(loop_.now());
        driver_->pump_soon();
    }

    /// First Ctrl-C: the pipeline is stopped, and its end waited for. Second: we leave.
    void signalled(int signo)
    {
        caught_ = signo;
        if (done_) return;
        if (signo == SIGINT && presses_++ == 0) {
            driver_->machine().stop();
            driver_->pump_soon();
            return;
        }
        cancel();
    }

    void feed(base::bytes_view data, bool end)
    {
        if (done_) return;
        const auto values = reader_->received(data, end);
        for (const auto& v : values) driver_->machine().send_input(v);
        if (reader_->failure()) {
            input_failure_ = reader_->failure();
            return cancel();
        }
        if (end) driver_->machine().end_input();
        input_ended_ = end;
        if (!end && values.empty()) input_->want(); // half an object: nobody will ask for the rest
        driver_->pump_soon();
    }

    // ---- what the script tells

    void take(psrp::pipeline_output&& e)
    {
        clear_progress();
        shown_ = true;
        if (plain_lines_) {
            std::string line(e.value.as<std::string>().value_or(std::string()));
            out_.write(line + "\n");
        } else out_.write(objects_.write(e.value));
    }
    void take(psrp::pipeline_error&& e) { show(err_, error_text(e.record)); }
    void take(psrp::pipeline_informational&& e)
    {
        const auto line = informational_text(e.record);
        if (pairs_.first_as_record(line)) show(err_, line);
    }
    /// What of it is to be seen (Write-Host, -InformationAction Continue) comes as a call of the host, too.
    void take(psrp::pipeline_information&&) {}
    void take(psrp::pipeline_progress&& e)
    {
        if (::isatty(2) != 1) return;
        clear_progress();
        if (e.record.type == psrp::progress_type::completed) return;
        progress_shown_ = true;
        // Behind the output class's queue: what waits there is older.
        err_.write("\r" + progress_text(e.record, static_cast<std::size_t>(window_of(2).width) - 1));
    }
    void take(psrp::host_call_made&& e)
    {
        const int caught = answer_host_call(driver_->machine().pool(), e, actions_);
        if (caught != 0) signalled(caught);
    }
    void take(powershell::script_input_possible&&)
    {
        tell_login();
        if (input_ && !done_ && !input_ended_) input_->want();
    }
    void take(powershell::script_ended&& e)
    {
        tell_login();
        done_ = true;
        how_.emplace(std::move(e.how));
    }
    void take(powershell::script_finished&&) { finished_ = true; }

    /// With -v, once.
    void tell_login()
    {
        if (!options_.verbose || told_) return;
        told_ = true;
        write_all(2, login_line(login_.host.name, session_.login()));
    }

    void show(output& where, base::bytes_view text)
    {
        clear_progress();
        where.write(text);
    }

    void clear_progress()
    {
        if (!progress_shown_) return;
        progress_shown_ = false;
        const auto columns = static_cast<std::size_t>(window_of(2).width) - 1;
        err_.write("\r" + std::string(columns, ' ') + "\r");
    }

    void wait_for_cleanup()
    {
        bool late = false;
        limit_.set_after(cleanup_wait, [&late] { late = true; });
        while (!finished_ && !late && loop_.run_one()) {}
        limit_.cancel();
    }

    int status()
    {
        if (input_failure_) return fail(login_.host.name, *input_failure_, false);
        if (out_.failure() == EPIPE || err_.failure() == EPIPE) return reader_gone;
        if (const int why = out_.failure()) return fail(login_.host.name, cannot_write("standard output", why), false);
        if (caught_ != 0) return 128 + caught_;
        if (!*how_) return fail(login_.host.name, explained(how_->error()), false);
        const auto& r = **how_;
        if (r.output_uncertain)
            write_all(2, "winrm: " + base::printable(login_.host.name, 255) +
                             ": the connection was lost and made again while output was under way; some of it may be "
                             "missing\n");
        if (r.reason && r.state == psrp::invocation_state::failed) {
            write_all(2, error_text(*r.reason));
            tell_remedy(*r.reason);
        }
        if (r.exit_code) return (*r.exit_code & 0xFF) == 0 && *r.exit_code != 0 ? 1 : *r.exit_code & 0xFF;
        return r.state == psrp::invocation_state::completed ? 0 : 1;
    }

    /// An endpoint that does not offer Out-String (JEA) refuses the whole pipeline before any of it runs.
    [[nodiscard]] bool lacks_formatter() const
    {
        if (!plain_lines_ || shown_ || input_ || !how_ || !*how_ || !(*how_)->reason) return false;
        const auto& e = *(*how_)->reason;
        return e.fully_qualified_error_id.starts_with("CommandNotFoundException") && e.target_name == "Out-String";
    }

    /// What to do where an endpoint takes no script.
    void tell_remedy(const psrp::error_record& e)
    {
        if (e.fully_qualified_error_id.find("ScriptsNotAllowed") == std::string::npos) return;
        write_all(
            2, "winrm: this endpoint runs commands, not scripts: give the name of one as -c, and its parameters with "
               "-P\n");
    }

    /// Where the host has no PowerShell, or not this configuration.
    error explained(const error& e) const
    {
        constexpr std::uint32_t no_such_uri = 2150858754, no_such_resource = 2150858811;
        if (e.fault() == nullptr || (e.fault()->code != no_such_uri && e.fault()->code != no_such_resource)) return e;
        const std::string name = options_.configuration.empty() ? "Microsoft.PowerShell" : options_.configuration;
        return error(e).with_more("; the host has no PowerShell endpoint named " + base::printable(name, 80));
    }

    const options& options_;
    const login& login_;
    io::loop loop_;
    remote::context shared_{loop_};
    remote::session session_;
    output out_, err_;
    io::timer limit_;
    object_writer objects_;
    bool plain_lines_; ///< each object is a line that the host has formatted
    line_pairs pairs_;
    host_actions actions_;
    std::optional<input_reader> reader_;
    std::optional<input> input_;
    std::optional<error> input_failure_;
    std::optional<result<powershell::script_result>> how_;
    bool done_ = false, finished_ = false, told_ = false, shown_ = false, progress_shown_ = false, input_ended_ = false;
    int presses_ = 0, caught_ = 0;
    std::vector<std::unique_ptr<io::signal_watch>> signals_;
    std::shared_ptr<driver> driver_; // last: it calls the others
};

} // namespace

int ps_command(const options& o)
{
    const auto text = find_script(o);
    if (!text) return fail({}, text.error(), false);
    const auto format = format_of(o);
    auto what = make_pipeline(o, *text, format, window_of(1));
    if (!what) return fail({}, what.error(), false);
    int caught = 0;
    auto made = prepare(o, false, caught);
    if (!made) return not_begun(o, made.error(), caught);
    const bool with_input = !o.no_stdin && !text->from_stdin && ::isatty(0) != 1 && has_input(0);
    const int status = script_runner(o, *made, std::move(*what), format, with_input).go();
    if (status != start_again) return status;
    options plain = o;
    plain.plain_objects = true;
    what = make_pipeline(plain, *text, format, window_of(1));
    return script_runner(plain, *made, std::move(*what), format, false).go();
}

} // namespace winrm::cli
