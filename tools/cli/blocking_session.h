// One request at a time over a session, waited for: what identify and shells need.
#pragma once

#include "cli/login.h"

#include "base/duration.h"

namespace winrm::cli {

class blocking_session
{
public:
    /// @param timeout  for everything together, 0 = none
    /// @param whole    what is said of it; what `timeout` is left of
    blocking_session(const remote::session_options& o, base::milliseconds timeout, base::milliseconds whole)
        : session_(shared_, o), limit_(loop_), whole_(whole)
    {
        if (timeout.count() > 0) limit_.set_after(timeout, [this] { late_ = true; });
    }

    /// A fault comes back as errc::fault.
    /// @param within  for this request, 0 = what is left of the whole
    result<wsman::incoming_reply> ask(wsman::outgoing_request request, base::milliseconds within = {})
    {
        return wait([&](auto done) { session_.ask(std::move(request), {}, std::move(done)); }, within);
    }
    result<wsman::incoming_reply> identify()
    {
        return wait([&](auto done) { session_.identify(std::move(done)); }, {});
    }

    [[nodiscard]] login_facts login() const { return session_.login(); } ///< the latest
    /// Where both ports were tried, the one that was taken.
    [[nodiscard]] const target& host() const { return session_.options().host; }

private:
    template <class Start> result<wsman::incoming_reply> wait(Start start, base::milliseconds within)
    {
        bool late = false;
        io::timer limit(loop_);
        if (within.count() > 0) limit.set_after(within, [&late] { late = true; });
        auto got = std::make_shared<std::optional<result<wsman::incoming_reply>>>();
        start(remote::session::reply_handler([got](result<wsman::incoming_reply> r) { *got = std::move(r); }));
        while (!got->has_value() && !late && !late_ && loop_.run_one()) {}
        if (!got->has_value()) {
            session_.close();
            if (late_) {
                return error(errc::timeout,
                             "the host did not answer within the time limit of " + base::in_seconds(whole_))
                    .with_remedy(remedy::raise_timeout);
            }
            if (late) return error(errc::timeout, "the host did not answer within " + base::in_seconds(within));
            return error(errc::internal, "the event loop ended before the answer came");
        }
        auto reply = std::move(**got);
        if (reply && reply->fault()) return error(errc::fault, "the host refused the request", *reply->fault());
        return reply;
    }

    io::loop loop_;
    remote::context shared_{loop_};
    remote::session session_;
    io::timer limit_;
    base::milliseconds whole_;
    bool late_ = false;
};

} // namespace winrm::cli
