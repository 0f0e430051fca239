#include "http/server_connection.h"

#include "http/server_connection_state.h"

namespace winrm::http {

server_connection::server_connection(std::shared_ptr<const server_options> options, const base::limits& limits,
                                     const crypto::keyed_digest& digest, base::time_point now)
    : state_(std::make_unique<state>(std::move(options), limits, digest, now))
{}

server_connection::server_connection(server_options options, const base::limits& limits,
                                     const crypto::keyed_digest& digest, base::time_point now)
    : server_connection(std::make_shared<const server_options>(std::move(options)), limits, digest, now)
{}

server_connection::~server_connection() = default;
server_connection::server_connection(server_connection&&) noexcept = default;
server_connection& server_connection::operator=(server_connection&&) noexcept = default;

void server_connection::received(std::string_view data, base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    if (s.ended || s.at == state::phase::closed) return;
    if (!s.pending.empty()) {
        if (s.pending.size() + data.size() > max_pending) return s.close(); // the owner did not mind holds_input()
        std::string larger; // a string that grows by itself leaves its earlier bytes behind
        larger.reserve(s.pending.size() + data.size());
        larger.append(s.pending).append(data);
        s.drop_pending();
        s.pending = std::move(larger);
        return s.resume();
    }
    const std::size_t used = s.advance(data);
    if (used < data.size() && s.at != state::phase::closed) s.pending.assign(data.substr(used));
}

void server_connection::end_of_stream(base::time_point now)
{
    state& s = *state_;
    if (std::exchange(s.ended, true)) return;
    s.saw(now);
    const bool owed = s.at == state::phase::login || s.at == state::phase::handed;
    if (owed && !s.is_http_1_0) s.out.push("HTTP/1.1 100 Continue\r\n\r\n", {});
    s.resume();
}

void server_connection::close_after_next() { state_->close_next = true; }

std::optional<server_event> server_connection::poll()
{
    state& s = *state_;
    if (s.event) return std::exchange(s.event, std::nullopt);
    const bool over = s.at == state::phase::closed || (s.at == state::phase::flush && s.close_after);
    if (!over || std::exchange(s.closing_reported, true)) return std::nullopt;
    return closing{s.refused_body};
}

void server_connection::login_answered(auth::login_verdict verdict, base::bytes_view token, base::time_point now,
                                       std::unique_ptr<auth::body_protection> keys)
{
    state& s = *state_;
    if (s.at != state::phase::login) return;
    s.saw(now);
    s.login_answered(verdict, token, std::move(keys));
    s.resume();
}

void server_connection::respond(int status, std::string body, std::string_view media_type, base::time_point now)
{
    state& s = *state_;
    if (s.at != state::phase::handed) return;
    s.saw(now);
    auth::message reply{std::move(body), std::string{media_type}};
    if (s.sealed && !s.login.seal(reply)) return s.close();
    s.answer(status, std::move(reply.body), reply.type, {});
}

void server_connection::fail(base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    s.login.drop();
    switch (s.at) {
    case state::phase::closed: return;
    case state::phase::login:
    case state::phase::leg:
    case state::phase::body:
    case state::phase::handed:
        s.waiting.reset();
        s.event.reset();
        s.body = {};
        return s.refuse({503, "the user's process has gone"}, true);
    case state::phase::drain:
    case state::phase::flush: // the answer under way is a whole one; let it go out
        s.close_after = true;
        s.at = state::phase::flush;
        s.stop_timer();
        if (s.out.empty()) s.close();
        return;
    case state::phase::head: return s.close();
    }
}

std::string_view server_connection::output() const noexcept { return state_->out.front(); }

void server_connection::written(std::size_t count, base::time_point now)
{
    state& s = *state_;
    s.out.written(count);
    s.saw(now);
    if (s.at == state::phase::flush && s.out.empty()) s.resume();
}

bool server_connection::wants_input() const noexcept
{
    const state& s = *state_;
    return !s.ended && s.pending.empty() && s.reading();
}

bool server_connection::holds_input() const noexcept { return !state_->pending.empty(); }

base::time_point server_connection::deadline() const noexcept { return state_->due; }

void server_connection::handle_timeout(base::time_point now)
{
    state& s = *state_;
    s.saw(now);
    if (now < s.due) return;
    switch (s.at) {
    case state::phase::head:
        if (s.scanner.empty()) return s.close();
        s.note_method();
        return s.refuse({408, "the head did not come in time"}, true);
    case state::phase::leg:
    case state::phase::body: return s.refuse({408, "the body did not come in time"}, true);
    case state::phase::handed: return s.refuse({503, "the user's process did not answer in time"}, true);
    default: return s.close();
    }
}

bool server_connection::authenticated() const noexcept { return state_->login.logged_in(); }

bool server_connection::between_requests() const noexcept
{
    const state& s = *state_;
    return s.answered && s.at == state::phase::head && s.scanner.empty() && s.pending.empty();
}

} // namespace winrm::http
