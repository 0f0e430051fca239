// The states of server_connection and what leads from one to the next. Included by server_connection.cpp alone.
#pragma once

#include "http/server_connection.h"

#include "http/body_reader.h"
#include "http/head_scanner.h"
#include "http/output_queue.h"
#include "http/request_head.h"
#include "http/request_rules.h"
#include "http/response_head.h"
#include "http/sealed_body.h"

#include <algorithm>
#include <utility>

namespace winrm::http {

inline constexpr std::size_t max_drain = 64 * 1024;    // bytes of a refused body worth reading to keep the connection
inline constexpr std::size_t sealed_room = 4 * 1024;   // what a sealed body may have beside its envelope
inline constexpr std::size_t max_pending = 256 * 1024; // bytes kept behind an unanswered request

/// The life of one request: head → (login) → body → handed up → flush. A refused one goes head → drain → flush, one
/// that is only a leg of a login head → login → leg → flush.
struct server_connection::state
{
    enum class phase {
        head,
        login, ///< somebody looks at a token or a password
        leg,   ///< reading a body nobody wants, ahead of the answer
        body,
        handed,
        drain, ///< the same, behind the answer
        flush,
        closed
    };

    state(std::shared_ptr<const server_options> o, const base::limits& l, const crypto::keyed_digest& d,
          base::time_point t)
        : options_shared(std::move(o)), limits(l),
          login(d, options.offer_basic && options.policy.basic_allowed(options.tls), options.token_schemes),
          scanner(l.http_head, l.http_fields), now(t)
    {
        wait_for_request();
    }
    ~state()
    {
        scanner.reset(); // wipes
        drop_pending();
    }
    state(const state&) = delete;
    state& operator=(const state&) = delete;

    const std::shared_ptr<const server_options> options_shared;
    const server_options& options = *options_shared;
    base::limits limits;
    auth::server_login login;
    head_scanner scanner;
    body_reader body;
    output_queue out;
    std::string pending; ///< came behind the current request; may hold a password
    std::string charset; ///< of the current request
    std::string type;    ///< the same: whole Content-Type of a sealed body
    std::optional<server_event> event;
    std::optional<request_head> waiting; ///< the head whose login is outstanding
    std::string challenge_lines;         ///< WWW-Authenticate of the next answer
    phase at = phase::head;
    bool chunked = false;                      ///< the current request's body
    bool is_head = false, is_http_1_0 = false; ///< the current request
    bool anonymous_identify = false, close_after = false, ended = false, closing_reported = false;
    bool sealed = false;    ///< the current request's body, and so its answer
    bool must_seal = false; ///< no body goes in the clear while the current request lasts
    std::string_view refused_body;
    bool answered = false, close_next = false; ///< anything yet; the next answer is the last
    base::time_point now, due = base::time_point::max();

    // ---- time

    void set_timer(base::milliseconds length) { due = now + length; }
    void stop_timer() { due = base::time_point::max(); }
    void saw(base::time_point t) { now = std::max(now, t); }

    // ---- phases

    void wait_for_request()
    {
        at = phase::head;
        scanner.reset();
        body = {};
        std::string{}.swap(charset);
        sealed = must_seal = false;
        set_timer(login.logged_in() ? options.idle_time : options.idle_time / 10);
    }

    void close()
    {
        at = phase::closed;
        stop_timer();
        scanner.reset();
        body = {};
        drop_pending();
        waiting.reset();
        event.reset();
        login.drop();
    }

    void drop_pending()
    {
        base::wipe(pending.data(), pending.size());
        std::string{}.swap(pending);
    }

    /// Takes bytes as far as the phase allows. @return how many.
    std::size_t advance(std::string_view data)
    {
        std::size_t used = 0;
        for (;;) {
            const std::string_view rest = data.substr(used);
            switch (at) {
            case phase::head:
                if (rest.empty()) return used;
                if (scanner.empty()) set_timer(options.head_time);
                used += scanner.feed(rest);
                if (scanner.state() != head_scanner::progress::more) head_done();
                break;
            case phase::leg:
            case phase::body:
            case phase::drain:
                used += body.feed(rest);
                if (body.state() == body_reader::progress::more) return used;
                body_done();
                break;
            case phase::flush:
                if (!out.empty()) return used;
                if (close_after || ended) close();
                else wait_for_request();
                break;
            case phase::login:
            case phase::handed: return used;
            case phase::closed: return data.size();
            }
        }
    }

    /// RFC 9110 9.3.2. Known from the first letters on, so that it holds for a head that is refused as well.
    void note_method() { is_head = std::string_view{scanner.text()}.starts_with("HEAD "); }

    void head_done()
    {
        note_method();
        if (scanner.state() == head_scanner::progress::bad) return refuse({400, scanner.why()}, true);
        if (scanner.state() == head_scanner::progress::too_large) return refuse({431, scanner.why()}, true);
        auto read = read_request_head(scanner.text(), limits);
        scanner.reset();
        if (const auto* bad = std::get_if<refusal>(&read)) {
            login.drop();
            return refuse(*bad, true);
        }
        begin(std::get<request_head>(std::move(read)));
    }

    void begin(request_head head)
    {
        close_after = close_after || head.close;
        is_http_1_0 = head.is_http_1_0;
        const auto standing = login.received(head.authorization);
        anonymous_identify = is_anonymous_identify(head);
        if (anonymous_identify && (!login.logged_in() || !head.authorization)) login.drop();
        if (anonymous_identify || standing == auth::server_login::standing::logged_in) return take(head);
        if (standing == auth::server_login::standing::nobody) return challenge(head);
        if (const refusal r = check_before_login(head, limits.envelope, login.leg()); r.status != 0)
            return refuse(r, head);
        // Credentials that came in the clear where that is not allowed are not even decoded.
        auto question = login.read(*head.authorization);
        if (!question) return login.leg() ? answer_leg(head) : challenge(head);
        head.authorization.reset();
        waiting = std::move(head);
        at = phase::login;
        stop_timer();
        event = login_wanted{std::move(*question)};
    }

    void login_answered(auth::login_verdict verdict, std::string_view token,
                        std::unique_ptr<auth::body_protection> keys)
    {
        const request_head head = std::move(*waiting);
        waiting.reset();
        login.answered(verdict, std::move(keys));
        if (!token.empty() && login.leg()) challenge_lines = login.challenge(token);
        if (login.logged_in()) {
            const bool only_leg = login.leg() && !head.has_body() && check_route(head).status == 0;
            return only_leg ? answer(200, {}, {}, {}) : take(head);
        }
        if (verdict == auth::login_verdict::unavailable)
            return refuse({503, "logins cannot be checked at the moment"}, head);
        login.leg() ? answer_leg(head) : challenge(head);
    }

    /// 401, once the body is out of the way: in a login a client may send any, in any manner, and must find the
    /// connection as it was.
    void answer_leg(const request_head& head)
    {
        if (login.failures() >= options.max_login_attempts) return challenge(head);
        if (challenge_lines.empty()) challenge_lines = login.challenge();
        if (!head.has_body()) return answer(401, {}, {}, {});
        start_body(head, phase::leg, body_reader::storage::drop);
    }

    /// A request that needs no further login.
    void take(const request_head& head)
    {
        sealed = login.seals() && parse_sealed_content_type(head.content_type).refused != sealed_refusal::not_sealed;
        must_seal = sealed || (login.seals() && !options.policy.clear_body_allowed(options.tls));
        if (const refusal r = check_route(head); r.status != 0) return refuse(r, head);
        if (must_seal && !sealed) { // S5
            refused_body = "clear_body";
            return refuse({400, {}}, true);
        }
        if (const refusal r = check_body(head, body_limit(), sealed); r.status != 0) return refuse(r, head);
        read_body(head);
    }

    [[nodiscard]] std::size_t body_limit() const noexcept { return limits.envelope + (sealed ? sealed_room : 0); }

    void read_body(const request_head& head)
    {
        charset = head.content.charset;
        type = head.content_type;
        chunked = head.chunked;
        start_body(head, phase::body, anonymous_identify ? body_reader::storage::drop : body_reader::storage::keep);
    }

    void start_body(const request_head& head, phase next, body_reader::storage storage)
    {
        at = next;
        set_timer(options.body_time);
        body = body_reader{head.chunked ? body_reader::framing::chunked : body_reader::framing::length,
                           head.length.value_or(0), body_limit(), body_reader::grammar::strict, storage};
        if (head.expect_continue && head.has_body()) out.push("HTTP/1.1 100 Continue\r\n\r\n", {});
    }

    void body_done()
    {
        switch (body.state()) {
        case body_reader::progress::bad: return refuse({400, "the body's chunks are not well-formed"}, true);
        case body_reader::progress::too_large:
            return refuse({413, "the message is larger than MaxEnvelopeSizekb allows"}, true);
        case body_reader::progress::more: return;
        case body_reader::progress::complete: break;
        }
        if (at == phase::drain) {
            at = phase::flush;
            stop_timer();
        } else if (at == phase::leg) {
            answer(401, {}, {}, {});
        } else if (anonymous_identify) {
            answer(200, options.identify_body, "application/soap+xml;charset=UTF-8", {});
        } else {
            hand_up();
        }
    }

    void hand_up()
    {
        auth::message in{body.take(), std::move(type)};
        if (sealed) {
            const bool opened = login.unseal(in);
            const media_type inner = parse_media_type(in.type);
            if (!opened || check_type(inner).status != 0) {
                refused_body = "not_unsealed";
                return close(); // not a word to whoever has no keys
            }
            charset = inner.charset;
        }
        at = phase::handed;
        if (options.answer_time.count() != 0) set_timer(options.answer_time);
        else stop_timer();
        event = request_arrived{std::move(in.body), std::move(charset), chunked};
    }

    // ---- answers

    /// @param fields  further lines of the head, each with its line end
    void answer(int status, std::string text, std::string_view content, std::string_view fields)
    {
        answered = true;
        close_after = close_after || close_next;
        const std::string lines = std::exchange(challenge_lines, {}).append(fields);
        std::string head = write_response_head({status, content, lines, text.size(), close_after || ended});
        if (is_head) text.clear();
        out.push(std::move(head), std::move(text));
        if (at != phase::drain) {
            at = phase::flush;
            stop_timer();
        }
    }

    void refuse(const refusal& r, bool close_then)
    {
        if (close_then) {
            close_after = true;
            login.drop();
            scanner.reset();
            at = phase::flush;
        }
        const std::string_view fields = r.status == 405 ? "Allow: POST\r\n" : "";
        if (must_seal || r.why.empty()) return answer(r.status, {}, {}, fields);
        answer(r.status, std::string{r.why} + "\n", "text/plain", fields);
    }

    void refuse(const refusal& r, const request_head& head)
    {
        // Who sends too much is not listened to further; and a client that seals believes no clear answer.
        if (r.status == 413 || must_seal) close_after = true;
        drain(head);
        refuse(r, false);
    }

    /// 401, never with a body (clients that look for SOAP in it would find none).
    void challenge(const request_head& head)
    {
        if (login.failures() >= options.max_login_attempts) close_after = true;
        drain(head);
        if (challenge_lines.empty()) challenge_lines = login.challenge();
        answer(401, {}, {}, {});
    }

    /// What to do with a body nobody wants. A client that waits for 100 may send it or not: then the next request's
    /// beginning cannot be told, and the connection must end (RFC 9110 10.1.1).
    void drain(const request_head& head)
    {
        at = phase::flush;
        if (!head.has_body()) return;
        if (close_after || head.chunked || head.expect_continue || *head.length > max_drain) {
            close_after = true;
            return;
        }
        at = phase::drain;
        set_timer(options.body_time);
        body = body_reader{body_reader::framing::length, *head.length, max_drain, body_reader::grammar::strict,
                           body_reader::storage::drop};
    }

    // ---- what the owner says

    [[nodiscard]] bool reading() const noexcept
    {
        return at == phase::head || at == phase::leg || at == phase::body || at == phase::drain;
    }

    /// Reads on where the last piece was left.
    void resume()
    {
        std::string data{pending}; // a copy: a short string that is moved leaves its bytes where they were
        drop_pending();
        const std::size_t used = advance(data);
        if (used < data.size() && at != phase::closed) pending.assign(data, used, std::string::npos);
        base::wipe(data.data(), data.size());
        if (ended && pending.empty() && reading()) cut();
    }

    /// The stream ended inside a request or between two: nothing more can come of it.
    void cut()
    {
        if (at == phase::drain) {
            at = phase::flush;
            stop_timer();
            close_after = true;
            if (out.empty()) close();
        } else {
            close();
        }
    }
};

} // namespace winrm::http
