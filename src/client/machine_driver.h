// Drives a pure machine that asks requests of a host over a session: requests out, replies and time in, events up.
#pragma once

#include "client/session.h"
#include "io/loop.h"

#include <functional>
#include <memory>
#include <utility>

namespace winrm::remote {

/// Machine: poll_request(now) gives a shell::run_exchange, poll_event(now) an event; handle_reply(), handle_failure(),
/// deadline() and handle_timeout() as shell::command_run has them. Lives in a shared_ptr, whose owner calls detach()
/// when it goes.
template <class Machine> class machine_driver : public std::enable_shared_from_this<machine_driver<Machine>>
{
public:
    using event = typename decltype(std::declval<Machine&>().poll_event(base::time_point{}))::value_type;

    /// `report` is called from the loop, never from within the constructor. It may let go of the driver.
    machine_driver(session& s, Machine m, std::function<void(event&&)> report)
        : over_(s), report_(std::move(report)), machine_(std::move(m)), timer_(s.loop())
    {}

    Machine& machine() noexcept { return machine_; }
    [[nodiscard]] base::time_point now() const { return over_.loop().now(); }

    /// From the loop: the caller may be in a constructor, or be the handler of a writable terminal.
    void pump_soon()
    {
        over_.loop().post([weak = this->weak_from_this()] {
            if (auto self = weak.lock()) self->pump();
        });
    }

    /// Requests out, events up, until neither moves. A handler that calls back in only moves the machine; it is seen
    /// here.
    void pump()
    {
        if (at_ != state::idle) return;
        const auto self = this->shared_from_this(); // a handler may let go of it
        at_ = state::pumping;
        try {
            while (at_ == state::pumping && move_on()) {}
        } catch (...) { // of a handler
            if (at_ == state::pumping) at_ = state::idle;
            throw;
        }
        if (at_ == state::detached) return;
        at_ = state::idle;
        timer_.set(machine_.deadline(), [this] {
            waited_for_kdc_ = over_.login_blocks();
            machine_.handle_timeout(now());
            pump();
        });
    }

    /// A login waited for a KDC when the machine's time was last up: the host has no part in it.
    [[nodiscard]] bool waited_for_kdc() const noexcept { return waited_for_kdc_; }

    void detach()
    {
        at_ = state::detached;
        timer_.cancel();
    }

private:
    enum class state { idle, pumping, detached };

    bool move_on()
    {
        while (auto out = machine_.poll_request(now())) send(std::move(*out));
        auto e = machine_.poll_event(now());
        if (e) report_(std::move(*e));
        return e.has_value();
    }

    template <class Exchange> void send(Exchange&& out)
    {
        over_.ask(std::move(out.request), {out.repeatable, out.urgent},
                  [weak = this->weak_from_this(), id = out.id](result<wsman::incoming_reply> reply) {
                      const auto self = weak.lock();
                      if (!self) return;
                      if (reply) self->machine_.handle_reply(id, *reply, self->now());
                      else self->machine_.handle_failure(id, std::move(reply).error(), self->now());
                      self->pump();
                  });
    }

    session& over_;
    std::function<void(event&&)> report_;
    Machine machine_;
    io::timer timer_;
    state at_ = state::idle;
    bool waited_for_kdc_ = false;
};

} // namespace winrm::remote
