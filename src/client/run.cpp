#include "client/run.h"

#include "client/machine_driver.h"

namespace winrm::remote {

struct run::impl : std::enable_shared_from_this<run::impl>
{
    explicit impl(handlers&& h) : call(std::move(h)) {}

    void start(session& s, run_request&& r)
    {
        driver = std::make_shared<machine_driver<shell::command_run>>(
            s, shell::command_run(std::move(r), s.loop().now()), [weak = weak_from_this()](shell::run_event&& e) {
                const auto self = weak.lock(); // a handler may destroy the run
                if (self) std::visit([&self](auto&& what) { self->report(std::move(what)); }, std::move(e));
            });
        driver->pump_soon();
    }

    void report(shell::output_arrived&& e)
    {
        if (call.output) call.output(e.stream, e.data);
    }
    void report(shell::input_possible&&)
    {
        if (call.input_wanted) call.input_wanted();
    }
    void report(shell::run_ended&& e)
    {
        // The host has no part in it.
        if (!e.how && e.how.error().code() == errc::timeout && driver->waited_for_kdc())
            e.how = winrm::error(e.how.error()).with_more("; the login was still waiting for a KDC");
        if (call.done) call.done(std::move(e.how));
    }
    void report(shell::run_finished&&)
    {
        if (call.finished) call.finished();
    }

    shell::command_run& machine() { return driver->machine(); }

    handlers call;
    std::shared_ptr<machine_driver<shell::command_run>> driver;
};

run::run(session& over, run_request request, handlers h) : impl_(std::make_shared<impl>(std::move(h)))
{
    impl_->start(over, std::move(request));
}

run::~run() { impl_->driver->detach(); }

void run::send_input(base::bytes data, bool end)
{
    impl_->machine().send_input(std::move(data), end);
    impl_->driver->pump();
}

void run::signal(shell::signal_code code)
{
    impl_->machine().signal(code);
    impl_->driver->pump();
}

void run::pause_output() { impl_->machine().pause(); }

void run::resume_output()
{
    impl_->machine().resume();
    impl_->driver->pump_soon();
}

void run::cancel()
{
    impl_->machine().cancel(impl_->driver->now());
    impl_->driver->pump();
}

bool run::output_uncertain() const noexcept { return impl_->machine().output_uncertain(); }
command_fate run::fate() const noexcept { return impl_->machine().fate(); }
const std::string& run::shell_id() const noexcept { return impl_->machine().shell_id(); }

} // namespace winrm::remote
