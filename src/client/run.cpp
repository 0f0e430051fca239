#include "client/run.h"

namespace winrm::remote {

struct run::impl : std::enable_shared_from_this<run::impl>
{
    impl(session& s, run_request&& r, handlers&& h)
        : over(s), call(std::move(h)), machine(std::move(r), s.loop().now()), timer(s.loop())
    {}

    /// From the loop: the caller may be in the constructor, or be the handler of a writable terminal.
    void pump_soon()
    {
        over.loop().post([weak = weak_from_this()] {
            if (auto self = weak.lock()) self->pump();
        });
    }

    /// Requests out, events up, until neither moves. A handler that calls back in only moves the machine; it is seen
    /// here.
    void pump()
    {
        if (at != state::idle) return;
        const auto self = shared_from_this(); // a handler may destroy the run
        at = state::pumping;
        try {
            while (at == state::pumping && move_on()) {}
        } catch (...) { // of a handler
            if (at == state::pumping) at = state::idle;
            throw;
        }
        if (at == state::detached) return;
        at = state::idle;
        timer.set(machine.deadline(), [this] {
            waits_for_kdc = over.login_blocks();
            machine.handle_timeout(over.loop().now());
            pump();
        });
    }

    bool move_on()
    {
        while (auto out = machine.poll_request(over.loop().now())) send(std::move(*out));
        auto event = machine.poll_event(over.loop().now());
        if (event) std::visit([this](auto&& e) { report(std::move(e)); }, std::move(*event));
        return event.has_value();
    }

    void send(shell::run_exchange&& out)
    {
        over.ask(std::move(out.request), {out.repeatable, out.urgent},
                 [weak = weak_from_this(), id = out.id](result<wsman::incoming_reply> reply) {
                     const auto self = weak.lock();
                     if (!self) return;
                     const auto now = self->over.loop().now();
                     if (reply) self->machine.handle_reply(id, *reply, now);
                     else self->machine.handle_failure(id, std::move(reply).error(), now);
                     self->pump();
                 });
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
        if (!e.how && e.how.error().code() == errc::timeout && waits_for_kdc)
            e.how = winrm::error(e.how.error()).with_more("; the login was still waiting for a KDC");
        if (call.done) call.done(std::move(e.how));
    }
    void report(shell::run_finished&&)
    {
        if (call.finished) call.finished();
    }

    enum class state { idle, pumping, detached };

    session& over;
    handlers call;
    shell::command_run machine;
    io::timer timer;
    state at = state::idle;
    bool waits_for_kdc = false; ///< did so when its time was up
};

run::run(session& over, run_request request, handlers h)
    : impl_(std::make_shared<impl>(over, std::move(request), std::move(h)))
{
    impl_->pump_soon();
}

run::~run()
{
    impl_->at = impl::state::detached;
    impl_->timer.cancel();
}

void run::send_input(base::bytes data, bool end)
{
    impl_->machine.send_input(std::move(data), end);
    impl_->pump();
}

void run::signal(shell::signal_code code)
{
    impl_->machine.signal(code);
    impl_->pump();
}

void run::pause_output() { impl_->machine.pause(); }

void run::resume_output()
{
    impl_->machine.resume();
    impl_->pump_soon();
}

void run::cancel()
{
    impl_->machine.cancel(impl_->over.loop().now());
    impl_->pump();
}

bool run::output_uncertain() const noexcept { return impl_->machine.output_uncertain(); }
command_fate run::fate() const noexcept { return impl_->machine.fate(); }
const std::string& run::shell_id() const noexcept { return impl_->machine.shell_id(); }

} // namespace winrm::remote
