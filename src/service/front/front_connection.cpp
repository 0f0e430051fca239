#include "service/front/front_connection.h"

#include "auth/login/sealing.h"
#include "base/uuid.h"
#include "http/sealing.h"
#include "service/wire/source_network.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <span>
#include <sys/socket.h>
#include <utility>

namespace winrm::service::front {
namespace {

constexpr base::milliseconds linger_time{2000}, look_interval{250}, eviction_time{2000};
constexpr base::milliseconds idle_enough{1000}; // shorter silence is the pause between two requests of one conversation
constexpr std::size_t linger_bytes = 4 * 1024 * 1024;

/// The user's process is its owner's to subvert: what it says about the reply is one of two values or nothing.
bool is_soap(base::bytes_view media_type)
{
    return media_type == "application/soap+xml;charset=UTF-8" || media_type == "application/soap+xml;charset=UTF-16";
}

} // namespace

front_connection::front_connection(const connection_context& context, std::uint64_t number, io::unique_fd socket,
                                   std::string peer, std::optional<net::tls_session> tls, std::uint32_t listener)
    : context_(context), number_(number), peer_(std::move(peer)), source_(wire::source_network(peer_)),
      tls_(tls.has_value()), listener_(listener), fd_(socket.get()),
      http_(tls_ ? context.https : context.http, context.limits, context.digest, context.loop.now()),
      stream_(context.loop, std::move(socket), std::move(tls)), timer_(context.loop), idle_since_(context.loop.now())
{
    stream_.on_data([this](result<base::bytes_view> data) { arrived(std::move(data)); });
    stream_.resume_reading();
    arm_timer();
}

void front_connection::arrived(result<base::bytes_view> data)
{
    if (ended_) return;
    if (!data) return end(winrm::name(data.error().code()));
    if (data->empty()) {
        end_of_stream_ = true;
        if (lingering_) return end("closed_by_peer");
        // Either the client only sends no more and waits for its answer, or nobody is there: then what waits for this
        // connection in the user's process must be woken. What http_ sends now is refused by a host that has closed.
        look_again_ = context_.loop.now() + look_interval;
        http_.end_of_stream(context_.loop.now());
        return pump();
    }
    if (lingering_) {
        discarded_ += data->size();
        if (discarded_ > linger_bytes) end("closed");
        return;
    }
    const bool wanted = http_.wants_input();
    http_.received(*data, context_.loop.now());
    base::wipe_stack();
    // Read while an answer is outstanding only so that the end of the stream is noticed.
    if (!wanted && http_.holds_input()) stream_.pause_reading();
    pump();
}

void front_connection::pump()
{
    if (pumping_ || ended_) return;
    pumping_ = true;
    while (!closing_ && !ended_) {
        auto event = http_.poll();
        if (!event) break;
        std::visit([this](auto&& e) { handle(std::forward<decltype(e)>(e)); }, std::move(*event));
    }
    if (!ended_) write_output();
    pumping_ = false;
    if (ended_) return;
    if (std::exchange(was_authenticated_, http_.authenticated()) != http_.authenticated()) context_.changed(number_);
    if (writing_ == 0 && closing_) return close_gently();
    if (!http_.holds_input() && !end_of_stream_) stream_.resume_reading();
    arm_timer();
}

void front_connection::handle(http::login_wanted&& event)
{
    // Whatever comes of it: the earlier identity of this connection is gone before the new one is looked at.
    user_.reset();
    // A head may hold more than a frame: the monitor would take that for a front that breaks the rules.
    if (event.token.size() > wire::max_token)
        return http_.login_answered(auth::login_verdict::denied, {}, context_.loop.now());
    login_ = login_check::waiting;
    wire::login_request ask;
    ask.connection = number_;
    ask.tls = tls_;
    ask.peer = peer_;
    ask.user = std::move(event.credentials.user);
    ask.password = std::move(event.credentials.password);
    ask.scheme = scheme_ = std::move(event.scheme);
    ask.token = std::move(event.token);
    ask.first = event.first;
    ask.listener = listener_;
    context_.ask_login(std::move(ask));
    base::wipe_stack();
}

void front_connection::login_answered(const wire::login_answer& answer, io::unique_fd user)
{
    if (!login_pending() || ended_) return;
    login_ = answer.verdict == wire::login_verdict::go_on ? login_check::in_legs : login_check::none;
    auto verdict = auth::login_verdict::unavailable;
    if (answer.verdict == wire::login_verdict::denied) verdict = auth::login_verdict::denied;
    if (answer.verdict == wire::login_verdict::go_on) verdict = auth::login_verdict::go_on;
    std::unique_ptr<auth::body_protection> keys;
    if (answer.verdict == wire::login_verdict::accepted) keys = make_keys(answer.keys);
    const bool must_seal = scheme_ != "Basic" && !context_.http->policy.clear_body_allowed(tls_);
    const bool no_keys = !keys && (must_seal || answer.keys.what != auth::sealing_keys::kind::none);
    if (answer.verdict == wire::login_verdict::accepted && user && !no_keys) {
        user_ = std::make_unique<io::message_socket>(context_.loop, std::move(user), context_.max_frame, 0);
        user_->start([this](io::message_socket::message m) { user_frame(std::move(m.payload)); },
                     [this] { user_gone(); });
        account_ = answer.account;
        verdict = auth::login_verdict::accepted;
    }
    http_.login_answered(verdict, answer.token, context_.loop.now(), std::move(keys));
    base::wipe_stack();
    pump();
}

std::unique_ptr<auth::body_protection> front_connection::make_keys(const auth::sealing_keys& keys) const
{
    auto random = [source = base::system_random()](std::span<unsigned char> out) {
        source(reinterpret_cast<char*>(out.data()), out.size());
    };
    auto cipher = auth::make_sealer(keys, std::move(random));
    if (!cipher) return nullptr;
    const auto protocol = scheme_ == "Kerberos" ? http::sealed_protocol::kerberos : http::sealed_protocol::spnego;
    return std::make_unique<http::sealing>(std::move(cipher), protocol, context_.limits.envelope);
}

void front_connection::handle(http::request_arrived&& event)
{
    if (!user_) return http_.fail(context_.loop.now());
    exchange_ = exchange_state::awaiting_reply;
    asked_at_ = context_.loop.now();
    wire::request r;
    r.number = ++requests_;
    r.charset = std::move(event.charset);
    r.chunked = event.chunked;
    r.envelope = std::move(event.body);
    user_->send(wire::encode_head(r), r.envelope);
}

/// An answer of the user's process that comes later than this is nobody's any more.
void front_connection::handle(http::closing&& event)
{
    if (!event.refused.empty())
        context_.log.write(base::log_level::warning, "message_refused",
                           {{"peer", peer_}, {"reason", std::string{event.refused}}});
    closing_ = true;
    exchange_ = exchange_state::none;
    user_.reset();
}

void front_connection::user_frame(base::bytes&& payload)
{
    auto frame = wire::decode(std::move(payload));
    const exchange_rule* row = frame ? wire::find_rule(user_rules, exchange_, frame->index()) : nullptr;
    auto* reply = row ? std::get_if<wire::reply>(&*frame) : nullptr; // the only duty is pass_reply
    if (!reply || reply->number != requests_ || !is_soap(reply->media_type)) {
        context_.log.write(base::log_level::error, "user_process_broke_rules", {{"peer", peer_}});
        return user_gone();
    }
    exchange_ = exchange_state::none;
    http_.respond(reply->is_fault ? 500 : 200, std::move(reply->envelope), reply->media_type, context_.loop.now());
    pump();
}

void front_connection::user_gone()
{
    user_.reset();
    exchange_ = exchange_state::none;
    http_.fail(context_.loop.now());
    pump();
}

void front_connection::write_output()
{
    if (writing_ != 0 || http_.output().empty()) return;
    writing_ = http_.output().size();
    write_deadline_ = context_.loop.now() + context_.http->body_time;
    stream_.write(http_.output(), [this] {
        http_.written(std::exchange(writing_, 0), context_.loop.now());
        write_deadline_ = base::time_point::max();
        idle_since_ = context_.loop.now();
        pump();
    });
}

/// FIN first, then what the client still sends is read and dropped for a moment: closing over unread bytes would reset
/// the connection and take our last answer (413, say) with it.
void front_connection::close_gently()
{
    if (std::exchange(lingering_, true)) return;
    user_.reset();
    stream_.shutdown();
    if (end_of_stream_) return end("closed_by_peer");
    stream_.resume_reading();
    armed_ = context_.loop.now() + linger_time;
    timer_.set(armed_, [this] { end("closed"); });
}

bool front_connection::busy() const noexcept
{
    return !ended_ && !lingering_ && (awaiting_reply() || login_pending() || writing_ != 0 || !http_.output().empty());
}

std::optional<base::time_point> front_connection::idle_since() const noexcept
{
    // What lies in the kernel is the next request, or the end.
    if (ended_ || closing_ || busy() || !http_.between_requests() || !stream_.quiet()) return std::nullopt;
    return idle_since_;
}

std::pair<front_connection::use, base::time_point> front_connection::in_use() const noexcept
{
    if (const auto since = idle_since(); since && *since <= context_.loop.now() - idle_enough)
        return {use::idle, *since};
    if (awaiting_reply()) return {use::waiting, asked_at_};
    return {use::other, idle_since_};
}

void front_connection::evict()
{
    if (idle_since()) return end_idle("place_needed");
    evict_by_ = context_.loop.now() + eviction_time;
    if (awaiting_reply()) {
        http_.close_after_next();
        user_->send(wire::encode(wire::frame{wire::answer_now{requests_}}));
    } else {
        http_.fail(context_.loop.now()); // what has not come whole was not begun; an answer under way still leaves
    }
    pump();
}

void front_connection::drain()
{
    if (idle_since()) return end_idle("draining");
    last_answer_next();
}

void front_connection::drop(base::bytes_view reason)
{
    if (login_pending()) {
        http_.login_answered(auth::login_verdict::unavailable, {}, context_.loop.now());
        write_output();
    }
    end_idle(reason);
}

void front_connection::end_idle(base::bytes_view reason)
{
    stream_.shutdown();
    end(reason);
}

/// After the client's FIN: has its host refused what we have sent since, as it does when the program has gone?
bool front_connection::peer_gone() const
{
    tcp_info info{};
    socklen_t size = sizeof info;
    return ::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_CLOSE;
}

base::time_point front_connection::deadline() const
{
    return std::min({http_.deadline(), write_deadline_, look_again_, evict_by_});
}

/// The timer may ring early and then looks again: nearly all changes only move the deadline away.
void front_connection::arm_timer()
{
    if (lingering_ || deadline() >= armed_) return;
    armed_ = deadline();
    timer_.set(armed_, [this] { ring(); });
}

void front_connection::ring()
{
    armed_ = base::time_point::max();
    const base::time_point now = context_.loop.now();
    if (look_again_ <= now) {
        if (peer_gone()) return end("closed_by_peer");
        look_again_ = now + look_interval;
    }
    if (evict_by_ <= now) {
        if (!awaiting_reply()) return end("place_needed");
        evict_by_ = now + eviction_time;
        return user_gone();
    }
    if (write_deadline_ <= now) return end("answer_not_read");
    if (http_.deadline() <= now) http_.handle_timeout(now);
    pump();
}

void front_connection::end(base::bytes_view reason)
{
    if (std::exchange(ended_, true)) return;
    if (login_ != login_check::none) context_.withdraw_login(number_);
    user_.reset();
    timer_.cancel();
    stream_.pause_reading();
    context_.log.write(base::log_level::debug, "connection_end",
                       {{"peer", peer_}, {"reason", std::string{reason}}, {"requests", std::to_string(requests_)}});
    context_.ended(number_);
}

} // namespace winrm::service::front
