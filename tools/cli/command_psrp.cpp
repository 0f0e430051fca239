// winrm psrp: PowerShell's out-of-process transport on standard input and output, carried to a host.
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/login.h"
#include "cli/output.h"
#include "cli/report.h"

#include "client/machine_driver.h"
#include "client/powershell.h"

#include <csignal>
#include <memory>
#include <vector>

#include <unistd.h>

namespace winrm::cli {
namespace {

class bridge_runner
{
public:
    bridge_runner(const options& o, login&& l)
        : login_(std::move(l)), session_(shared_, session_of(login_)),
          out_(loop_, 1, true,
               output::events{[this] { pause(true); }, [this] { pause(false); },
                              [this] { cancel("nobody reads standard output"); }}),
          input_(loop_, 0,
                 input::events{[this](base::bytes data, bool end) { take(data, end); },
                               [this] { cancel("standard input cannot be read"); }}),
          driver_(std::make_shared<driver>(session_, powershell::bridge(carrier_of(o)),
                                           [this](powershell::bridge_event&& e) { report(std::move(e)); }))
    {
        for (const int signo : ending_signals) {
            if (is_ignored(signo)) continue;
            signals_.push_back(
                std::make_unique<io::signal_watch>(loop_, std::initializer_list<int>{signo}, [this](int s) {
                    caught_ = s;
                    cancel("ended by a signal");
                }));
        }
        driver_->pump_soon();
        input_.want();
    }
    ~bridge_runner() { driver_->detach(); }
    bridge_runner(const bridge_runner&) = delete;
    bridge_runner& operator=(const bridge_runner&) = delete;

    int go()
    {
        while (!finished_ && loop_.run_one()) {}
        input_.close();
        out_.end();
        while (!out_.empty() && caught_ == 0 && loop_.run_one()) {}
        out_.close();
        if (caught_ != 0) return 128 + caught_;
        return failure_ ? fail(login_.host.name, *failure_, false) : 0;
    }

private:
    using driver = remote::machine_driver<powershell::bridge>;

    /// The pool's Receive, a pipeline's, and what is sent beside them.
    static remote::session_options session_of(const login& l)
    {
        auto s = l.session;
        s.max_connections = 8;
        return s;
    }

    powershell::carrier_options carrier_of(const options& o) const
    {
        auto c = remote::carrier_options_for(o.configuration, login_.host.operation_timeout.value, shared_.random());
        if (o.compress) c.shell.create.compression = "xpress";
        return c;
    }

    void take(base::bytes_view data, bool end)
    {
        driver_->machine().received(data, end, loop_.now());
        driver_->pump();
        if (!end) input_.want();
    }

    void pause(bool slow)
    {
        if (slow) driver_->machine().pause();
        else driver_->machine().resume();
        driver_->pump_soon();
    }

    void cancel(const char* why)
    {
        driver_->machine().cancel(error(errc::cancelled, why), loop_.now());
        driver_->pump_soon();
    }

    void report(powershell::bridge_event&& e)
    {
        if (auto* line = std::get_if<powershell::line_ready>(&e)) return out_.write(line->text);
        failure_ = std::move(std::get<powershell::bridge_finished>(e).error);
        finished_ = true;
    }

    login login_;
    io::loop loop_;
    remote::context shared_{loop_};
    remote::session session_;
    output out_;
    input input_;
    std::shared_ptr<driver> driver_;
    std::vector<std::unique_ptr<io::signal_watch>> signals_;
    std::optional<error> failure_;
    bool finished_ = false;
    int caught_ = 0;
};

} // namespace

int psrp_command(const options& o)
{
    int caught = 0;
    auto made = prepare(o, false, caught);
    if (!made) return not_begun(o, made.error(), caught);
    bridge_runner r(o, std::move(*made));
    return r.go();
}

} // namespace winrm::cli
