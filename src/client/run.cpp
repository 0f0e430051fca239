#include "client/run.h"

#include "base/text.h"
#include "shell/client_faults.h"
#include "wsman/config_resource.h"

#include <algorithm>
#include <chrono>

namespace winrm::remote {

namespace {

pace::answer kind_of(const wsman::incoming_reply& reply)
{
    if (reply.fault() && shell::is_timeout(*reply.fault())) return pace::answer::timed_out;
    return shell::is_empty_receive_reply(reply) ? pace::answer::empty : pace::answer::news;
}

pace_options pace_of(const run_request& r)
{
    pace_options o = r.pace;
    // The host is told to answer after the operation timeout; half of it is no haste.
    o.no_wait_at_all = std::min(o.no_wait_at_all, r.shell.operation_timeout / 2);
    return o;
}

wsman::outgoing_request make_config_get()
{
    wsman::outgoing_request r;
    r.header.action = wsman::action::get;
    r.header.resource_uri = wsman::resource_uri::config;
    return r;
}

/// Whether a request that failed like this can have been acted upon. Where no connection was made it has not left.
bool may_have_reached(const error& e)
{
    if (e.not_sent()) return false;
    switch (e.code()) {
    case errc::connection_lost:
    case errc::answer_cut:
    case errc::timeout:
    case errc::protocol:
    case errc::not_wsman:
    case errc::too_large: return e.http_status() < 300 || e.http_status() >= 500;
    case errc::http_status: return e.http_status() >= 500;
    default: return false;
    }
}

using shell::look_there;
constexpr const char* still_there = "; the command may be running there still (winrm shells lists what is left)";

error reworded(const error& e, errc code, std::string message)
{
    return error(code, std::move(message)).with_peer_text(e.peer_text()).with_http_status(e.http_status());
}

/// A handler of the caller may throw.
struct pump_guard
{
    explicit pump_guard(bool& f) : flag(f) { flag = true; }
    ~pump_guard() { flag = false; }
    pump_guard(const pump_guard&) = delete;
    pump_guard& operator=(const pump_guard&) = delete;
    bool& flag;
};

} // namespace

struct run::impl : std::enable_shared_from_this<run::impl>
{
    impl(session& s, run_request&& r, handlers&& h)
        : over(s), request(std::move(r)), call(std::move(h)), machine(request.shell), deadline(s.loop()),
          receives(pace_of(request)), sends(request.pace), cleanup(s.loop()), rest(s.loop()), busy(s.loop())
    {}

    void start()
    {
        if (request.attach) {
            result_.shell = *request.attach;
            machine.attach(*request.attach);
        } else {
            machine.open();
        }
        command = machine.run(request.command);
        if (request.timeout.count() > 0) {
            deadline.set_after(request.timeout, [this] { end(error(errc::timeout, out_of_time())); });
        }
        // Not from within the constructor's caller: handlers are called from the loop only.
        over.loop().post([weak = weak_from_this()] {
            if (auto self = weak.lock()) self->pump();
        });
    }

    [[nodiscard]] std::string out_of_time() const
    {
        const auto limit = request.limit.count() > 0 ? request.limit : request.timeout;
        const std::string within = "within the time limit of " + base::in_seconds(limit);
        const std::string remedy = " (--timeout raises it)";
        switch (fate) {
        case command_fate::started:
            if (!lost) return "the command did not end " + within + remedy + " and was terminated";
            return "the command did not end " + within + remedy + ", and the host could not be reached to end it" +
                   still_there;
        case command_fate::unknown:
            return "the host did not say " + within + remedy + " that the command has started: it may or may not have" +
                   look_there;
        case command_fate::not_started: break;
        }
        return "the host did not start the command " + within + remedy;
    }

    /// Moves everything that can move: requests out, events up. Handlers may call back in; then the loop goes round
    /// again.
    void pump()
    {
        if (pumping) {
            again = true;
            return;
        }
        const auto self = shared_from_this(); // a handler may destroy the run
        {
            const pump_guard guard(pumping);
            do {
                again = false;
                if (detached) break;
                send_requests();
                ask_envelope_size();
                deliver_events();
                send_requests();
            } while (again);
        }
        if (!detached) check_finished();
    }

    void send_requests()
    {
        if (held && !paused && !resting) {
            auto out = std::move(*held);
            held.reset();
            send(std::move(out));
        }
        while (auto out = machine.poll_request()) {
            // A paused reader has one answer in hand already; the host keeps the rest until it is asked. One command
            // has one Receive at a time, so there is never a second one to hold.
            if ((paused || resting) && out->repeatable) held = std::move(out);
            else if (out->delay.count() > 0) send_later(std::move(*out));
            else send(std::move(*out));
        }
    }

    /// A Send or Create after "not now": there is one at a time, so one timer serves.
    void send_later(shell::outgoing out)
    {
        const auto delay = out.delay;
        later = std::move(out);
        busy.set_after(delay, [this] {
            auto now = std::move(*later);
            later.reset();
            send(std::move(now));
        });
    }

    void drop_later()
    {
        busy.cancel();
        if (!later) return;
        const auto id = later->id;
        later.reset();
        machine.handle_failure(id, error(errc::cancelled, "the command was cancelled"), false);
    }

    void send(shell::outgoing out)
    {
        ++under_way;
        const std::string& verb = out.request.header.action;
        const bool urgent = verb == wsman::action::signal || verb == wsman::action::delete_;
        const asked what{out.id,
                         out.repeatable,
                         verb == wsman::action::command,
                         verb == wsman::action::send,
                         verb == wsman::action::signal,
                         over.loop().now()};
        if (what.command) fate = command_fate::unknown;
        // A lost Receive is repeated by failed(), which notes that it was.
        over.ask(std::move(out.request), {false, urgent}, [weak = weak_from_this(), what](auto reply) {
            if (auto self = weak.lock()) self->arrived(what, std::move(reply));
        });
    }

    struct asked
    {
        shell::exchange_id id;
        bool receive, command, send, signal;
        base::time_point begin;
    };

    void arrived(const asked& what, result<wsman::incoming_reply> reply)
    {
        --under_way;
        if (reply) {
            if (what.receive) {
                lost = false;
                const auto took = over.loop().now() - what.begin;
                take_a_rest(receives.answered(kind_of(*reply), std::chrono::duration_cast<base::milliseconds>(took)));
            }
            if (what.send) static_cast<void>(sends.answered(pace::answer::news, {}));
            const bool refused = reply->fault() && !shell::is_timeout(*reply->fault());
            if (what.command && refused) fate = command_fate::not_started;
            machine.handle_reply(what.id, *reply);
        } else {
            failed(what, std::move(reply).error());
        }
        pump();
    }

    void failed(const asked& what, error e)
    {
        // Only a Receive is ever repeated; and a Send that has not left, because no connection could be made for it.
        const bool timed_out = e.code() == errc::timeout;
        const errc why = e.not_sent() && timed_out ? errc::connect : e.code(); // nobody was there to be silent
        const auto pause = what.receive                ? receives.failed(why)
                           : what.send && e.not_sent() ? sends.failed(why)
                                                       : std::nullopt;
        if (what.receive) lost = true;
        if (pause && what.receive) {
            // The host may have taken the output off its queue for the lost answer. Without a connection it was not
            // asked.
            if (!e.not_sent() && !told) result_.output_uncertain = true;
            take_a_rest(*pause);
        }
        if (what.receive || what.send || (what.signal && !told)) e = while_running(std::move(e));
        if (what.command) e = while_starting(std::move(e));
        machine.handle_failure(what.id, std::move(e), pause.has_value(), pause.value_or(base::milliseconds{0}));
    }

    /// "nothing listens there" is no news of a host that was there a moment ago.
    [[nodiscard]] static error while_running(error e)
    {
        switch (e.code()) {
        case errc::unresolved:
        case errc::connect:
        case errc::connection_lost:
        case errc::answer_cut:
        case errc::timeout: break;
        default: return e;
        }
        if (!e.not_sent()) return reworded(e, e.code(), e.message() + still_there);
        return reworded(e, errc::connection_lost,
                        "the connection was lost while the command ran and could not be made again: " + e.message() +
                            still_there);
    }

    /// Command is never sent twice: what became of it is for the user to find out.
    [[nodiscard]] error while_starting(error e)
    {
        if (!may_have_reached(e)) {
            fate = command_fate::not_started;
            return e;
        }
        return reworded(e, e.code(), e.message() + "; the command may or may not have started" + look_there);
    }

    /// Until the next Receive.
    void take_a_rest(base::milliseconds time)
    {
        if (told || time.count() == 0) return;
        resting = true;
        rest.set_after(time, [this] {
            resting = false;
            pump();
        });
    }

    void ask_envelope_size()
    {
        if (asked_size || !machine.wants_envelope_size()) return;
        asked_size = true;
        ++under_way;
        over.ask(make_config_get(), {true, false}, [weak = weak_from_this()](result<wsman::incoming_reply> reply) {
            auto self = weak.lock();
            if (!self) return;
            --self->under_way;
            // Accounts without administrator's rights are refused; then the size that every Windows takes stays.
            if (reply && !reply->fault()) {
                if (auto config = wsman::read_config(reply->payload())) {
                    self->machine.learn_envelope_size(config->max_envelope_size_kb * 1024);
                }
            }
            self->pump();
        });
    }

    void deliver_events()
    {
        while (!paused && !detached) {
            auto event = machine.poll_event();
            if (!event) return;
            std::visit([this](auto&& e) { handle(std::move(e)); }, std::move(*event));
            if (!detached) send_requests();
        }
    }

    void handle(shell::shell_opened&& e) { result_.shell = std::move(e.info); }
    void handle(shell::command_started&&) { fate = command_fate::started; }

    void handle(shell::command_output&& e)
    {
        // Nobody asked for a third stream, and its bytes are no output of the command: only a trace shows them.
        const bool is_err = base::iequals(e.stream, "stderr");
        if (told || (!is_err && !base::iequals(e.stream, "stdout"))) return;
        (is_err ? result_.bytes_err : result_.bytes_out) += e.data.size();
        if (call.output) call.output(is_err ? "stderr" : "stdout", e.data);
    }

    void handle(shell::input_wanted&&)
    {
        if (!told && request.has_input && call.input_wanted) call.input_wanted();
    }

    void handle(shell::command_done&& e)
    {
        result_.exit_code = e.exit_code;
        if (!request.keep_shell) machine.close();
        again = true;
        tell(result_);
    }

    void handle(shell::command_failed&& e) { end(std::move(e.error)); }
    void handle(shell::shell_failed&& e) { end(std::move(e.error)); }
    void handle(shell::shell_closed&&) {}

    /// Ends with an error; the host is told to forget the shell.
    void end(winrm::error e)
    {
        if (told && closing) return;
        closing = true;
        paused = resting = false; // whatever is still queued is dropped, so that the machine can run down
        machine.close();
        held.reset();
        tell(std::move(e));
        pump();
    }

    void tell(result<run_result> r)
    {
        if (told) return;
        told = true;
        paused = resting = false;
        rest.cancel();
        drop_later();
        deadline.cancel();
        cleanup.set_after(request.cleanup_time, [this] { hurry(); });
        if (call.done) call.done(std::move(r));
    }

    /// The clean-up takes long, or nobody drove the loop meanwhile: the Delete must be out before it is given up.
    void hurry()
    {
        cleanup.set_after(request.cleanup_time, [this] { finish(); });
        if (!request.keep_shell || closing) machine.close_now();
        pump();
    }

    void check_finished()
    {
        if (!told || finished) return;
        if (machine.finished() || (request.keep_shell && !closing && under_way == 0 && !held)) finish();
    }

    void finish()
    {
        if (finished || detached) return;
        finished = true;
        cleanup.cancel();
        if (call.finished) call.finished();
    }

    session& over;
    run_request request;
    handlers call;
    shell::client_shell machine;
    shell::command_number command{};
    run_result result_;
    io::timer deadline;
    pace receives, sends;
    io::timer cleanup, rest, busy;
    std::optional<shell::outgoing> held;  ///< a Receive that waits for resume_output()
    std::optional<shell::outgoing> later; ///< what waits for `busy`
    std::size_t under_way = 0;
    command_fate fate = command_fate::not_started;
    bool paused = false, resting = false, told = false, closing = false, finished = false, asked_size = false;
    bool lost = false; ///< the latest Receive was not answered
    bool pumping = false, again = false, detached = false;
};

run::run(session& over, run_request request, handlers h)
{
    if (!request.has_input) request.shell.create.input_streams.clear(); // MS-WSMV 2.2.4.37: may be left out then
    impl_ = std::make_shared<impl>(over, std::move(request), std::move(h));
    impl_->start();
}

run::~run()
{
    impl_->detached = true;
    impl_->deadline.cancel();
    impl_->cleanup.cancel();
    impl_->rest.cancel();
    impl_->busy.cancel();
}

void run::send_input(base::bytes data, bool end)
{
    impl_->machine.send_input(impl_->command, std::move(data), end);
    impl_->pump();
}

void run::signal(shell::signal_code code)
{
    impl_->machine.signal(impl_->command, code);
    impl_->pump();
}

void run::pause_output() { impl_->paused = !impl_->told; }

void run::resume_output()
{
    impl_->paused = false;
    // Not from within: the caller is often the handler of a writable terminal.
    impl_->over.loop().post([weak = std::weak_ptr<impl>(impl_)] {
        if (auto self = weak.lock()) self->pump();
    });
}

bool run::output_uncertain() const noexcept { return impl_->result_.output_uncertain; }
command_fate run::fate() const noexcept { return impl_->fate; }
const std::string& run::shell_id() const noexcept { return impl_->machine.shell_id(); }

void run::cancel() { impl_->end(error(errc::cancelled, "the command was cancelled")); }

} // namespace winrm::remote
