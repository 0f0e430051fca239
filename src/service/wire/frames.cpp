#include "service/wire/frames.h"

#include <type_traits>
#include <utility>

namespace winrm::service::wire {
namespace {

constexpr std::size_t max_text = 4096;       // names, paths, addresses
constexpr std::size_t max_credential = 1024; // what auth::parse_basic lets through
constexpr std::size_t max_media_type = 256;
constexpr std::size_t max_pem = 96 * 1024;                // certificate and key each; together below max_control_frame
constexpr std::size_t max_listeners = 64;                 // descriptors of one frame
constexpr std::size_t max_envelope = 256ul * 1024 * 1024; // the socket's own bound is the tighter one

enum class kind : unsigned char {
    request = 1,
    reply,
    login_request,
    login_answer,
    front_setup,
    user_setup,
    user_connection,
    user_status,
    stop,
    ready,
    drain,
    user_settings,
    login_withdrawn,
    login_started,
    answer_now,
    ping,
    pong
};

/// Appends. Both directions go through visit_fields() below, so that a field cannot be written and not read.
class writer
{
public:
    writer(kind k, std::size_t room)
    {
        out_.reserve(room);
        out_ += static_cast<char>(k);
    }

    template <class T> void number(const T& value)
    {
        auto rest = static_cast<std::uint64_t>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8) out_ += static_cast<char>(rest & 0xff);
    }
    void flag(const bool& value) { out_ += value ? '\1' : '\0'; }
    void text(const std::string& value, std::size_t) { counted(value); }
    void secret(const base::secret& value, std::size_t) { counted(value.reveal()); }
    /// Runs to the end of the frame, so that it needs not be joined to the head.
    void rest(const std::string& value, std::size_t)
    {
        if (with_rest_) out_ += value;
    }
    void verdict(const login_verdict& value) { out_ += static_cast<char>(value); }
    void listeners(const std::vector<listener>& all)
    {
        number(static_cast<std::uint32_t>(all.size()));
        for (const listener& l : all) {
            counted(l.address);
            flag(l.tls);
        }
    }
    void leave_out_rest() { with_rest_ = false; }
    [[nodiscard]] base::bytes take() { return std::move(out_); }

private:
    void counted(base::bytes_view value)
    {
        number(static_cast<std::uint32_t>(value.size()));
        out_ += value;
    }
    base::bytes out_;
    bool with_rest_ = true;
};

/// Takes fields from the front; after the first failure everything fails.
class reader
{
public:
    explicit reader(base::bytes& in) : in_(in), at_(1) {}

    template <class T> void number(T& value)
    {
        if (!need(sizeof(T))) return;
        std::uint64_t sum = 0;
        for (std::size_t i = sizeof(T); i-- > 0;) sum = sum << 8 | static_cast<unsigned char>(in_[at_ + i]);
        at_ += sizeof(T);
        value = static_cast<T>(sum);
    }
    void flag(bool& value)
    {
        unsigned char byte = 0;
        number(byte);
        if (byte > 1) good_ = false;
        value = byte == 1;
    }
    void text(std::string& value, std::size_t most)
    {
        const base::bytes_view got = counted(most);
        if (good_) value.assign(got);
    }
    void secret(base::secret& value, std::size_t most)
    {
        const base::bytes_view got = counted(most);
        if (!good_) return;
        value = base::secret{std::string{got}};
        base::wipe(in_.data() + at_ - got.size(), got.size());
    }
    void rest(std::string& value, std::size_t most)
    {
        if (in_.size() - at_ > most) good_ = false;
        if (!good_) return;
        in_.erase(0, at_); // the frame's own memory becomes the envelope
        at_ = 0;
        value = std::move(in_);
        in_.clear();
    }
    void verdict(login_verdict& value)
    {
        unsigned char byte = 0;
        number(byte);
        if (byte > static_cast<unsigned char>(login_verdict::unavailable)) good_ = false;
        else value = static_cast<login_verdict>(byte);
    }
    void listeners(std::vector<listener>& all)
    {
        std::uint32_t count = 0;
        number(count);
        if (count > max_listeners) good_ = false;
        for (std::uint32_t i = 0; good_ && i < count; ++i) {
            listener& l = all.emplace_back();
            text(l.address, max_text);
            flag(l.tls);
        }
    }
    [[nodiscard]] bool complete() const noexcept { return good_ && at_ == in_.size(); }

private:
    bool need(std::size_t size)
    {
        if (good_ && in_.size() - at_ < size) good_ = false;
        return good_;
    }
    base::bytes_view counted(std::size_t most)
    {
        std::uint32_t size = 0;
        number(size);
        if (size > most || !need(size)) {
            good_ = false;
            return {};
        }
        at_ += size;
        return base::bytes_view{in_}.substr(at_ - size, size);
    }
    base::bytes& in_;
    std::size_t at_;
    bool good_ = true;
};

// One list of fields per frame. F is the frame, const when written.
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const request, request>& f)
{
    c.number(f.number);
    c.text(f.charset, max_media_type);
    c.flag(f.chunked);
    c.rest(f.envelope, max_envelope);
}
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const reply, reply>& f)
{
    c.number(f.number);
    c.flag(f.is_fault);
    c.text(f.media_type, max_media_type);
    c.rest(f.envelope, max_envelope);
}
template <class C>
void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const login_request, login_request>& f)
{
    c.number(f.connection);
    c.flag(f.tls);
    c.text(f.peer, max_media_type);
    c.text(f.user, max_credential);
    c.secret(f.password, max_credential);
}
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const login_answer, login_answer>& f)
{
    c.number(f.connection);
    c.verdict(f.verdict);
    c.number(f.account);
}
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const front_setup, front_setup>& f)
{
    c.listeners(f.listeners);
    c.text(f.certificate_pem, max_pem);
    c.secret(f.key_pem, max_pem);
    c.flag(f.allow_unencrypted);
    c.flag(f.basic);
    c.number(f.max_connections);
    c.number(f.max_envelope_kb);
    c.number(f.head_time_ms);
    c.number(f.body_time_ms);
    c.number(f.idle_time_ms);
    c.text(f.product_vendor, max_text);
    c.text(f.product_version, max_text);
    c.number(f.log_level);
    c.number(f.answer_time_ms);
}
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const user_setup, user_setup>& f)
{
    c.text(f.user, max_text);
    c.text(f.home, max_text);
    c.text(f.shell, max_text);
    c.text(f.machine, max_text);
    c.number(f.max_envelope_kb);
    c.number(f.max_timeout_ms);
    c.number(f.idle_timeout_ms);
    c.number(f.max_lifetime_ms);
    c.number(f.max_shells);
    c.number(f.max_commands_per_shell);
    c.number(f.max_operations);
    c.number(f.max_command_line);
    c.number(f.output_budget_kb);
    c.number(f.max_processes_per_shell);
    c.number(f.max_memory_per_shell_mb);
    c.number(f.enumeration_timeout_ms);
    c.number(f.max_connections);
    c.number(f.body_time_s);
    c.number(f.max_concurrent_users);
    c.number(f.http_port);
    c.number(f.https_port);
    c.flag(f.allow_unencrypted);
    c.flag(f.basic);
    c.text(f.cgroup, max_text);
    c.text(f.product_vendor, max_text);
    c.text(f.product_version, max_text);
    c.number(f.log_level);
}
template <class C>
void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const user_connection, user_connection>& f)
{
    c.text(f.peer, max_media_type);
}
template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const user_status, user_status>& f)
{
    c.number(f.shells);
    c.number(f.connections);
    c.number(f.taken);
}
template <class C> void fields(C&, std::conditional_t<std::is_same_v<C, writer>, const stop, stop>&) {}
template <class C> void fields(C&, std::conditional_t<std::is_same_v<C, writer>, const ready, ready>&) {}
template <class C> void fields(C&, std::conditional_t<std::is_same_v<C, writer>, const drain, drain>&) {}
template <class C> void fields(C&, std::conditional_t<std::is_same_v<C, writer>, const ping, ping>&) {}
template <class C> void fields(C&, std::conditional_t<std::is_same_v<C, writer>, const pong, pong>&) {}
template <class C>
void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const user_settings, user_settings>& f)
{
    c.number(f.log_level);
}

template <class C>
void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const login_withdrawn, login_withdrawn>& f)
{
    c.number(f.connection);
}

template <class C>
void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const login_started, login_started>& f)
{
    c.number(f.connection);
}

template <class C> void fields(C& c, std::conditional_t<std::is_same_v<C, writer>, const answer_now, answer_now>& f)
{
    c.number(f.number);
}

template <class T> std::optional<frame> read(base::bytes& payload)
{
    T value;
    reader in{payload};
    fields(in, value);
    if (!in.complete()) return std::nullopt;
    return frame{std::move(value)};
}

template <class T> base::bytes head_of(kind k, const T& value)
{
    writer out{k, 0};
    out.leave_out_rest();
    fields(out, value);
    return out.take();
}

/// Enough for a frame with a secret in it, whose bytes would stay behind where a string has grown.
std::size_t room_for(const frame& f)
{
    constexpr std::size_t numbers = 128; // all of a frame that has no length of its own
    if (const auto* login = std::get_if<login_request>(&f))
        return numbers + login->peer.size() + login->user.size() + login->password.reveal().size();
    const auto* setup = std::get_if<front_setup>(&f);
    if (!setup) return 0;
    std::size_t sum = numbers + setup->certificate_pem.size() + setup->key_pem.reveal().size() +
                      setup->product_vendor.size() + setup->product_version.size();
    for (const listener& l : setup->listeners) sum += l.address.size() + 5;
    return sum;
}

} // namespace

base::bytes encode(const frame& f)
{
    // The order of `frame` is the order of `kind`.
    writer out{static_cast<kind>(f.index() + 1), room_for(f)};
    std::visit([&out](const auto& value) { fields(out, value); }, f);
    return out.take();
}

base::bytes encode_head(const request& r) { return head_of(kind::request, r); }
base::bytes encode_head(const reply& r) { return head_of(kind::reply, r); }

std::optional<frame> decode(base::bytes&& payload)
{
    base::bytes in = std::move(payload);
    if (in.empty()) return std::nullopt;
    switch (static_cast<kind>(in.front())) {
    case kind::request: return read<request>(in);
    case kind::reply: return read<reply>(in);
    case kind::login_request: {
        auto got = read<login_request>(in);
        base::wipe(in.data(), in.size()); // whatever of a password is left in a frame that was refused
        return got;
    }
    case kind::login_answer: return read<login_answer>(in);
    case kind::front_setup: {
        auto got = read<front_setup>(in);
        base::wipe(in.data(), in.size());
        return got;
    }
    case kind::user_setup: return read<user_setup>(in);
    case kind::user_connection: return read<user_connection>(in);
    case kind::user_status: return read<user_status>(in);
    case kind::stop: return read<stop>(in);
    case kind::ready: return read<ready>(in);
    case kind::drain: return read<drain>(in);
    case kind::user_settings: return read<user_settings>(in);
    case kind::login_withdrawn: return read<login_withdrawn>(in);
    case kind::login_started: return read<login_started>(in);
    case kind::answer_now: return read<answer_now>(in);
    case kind::ping: return read<ping>(in);
    case kind::pong: return read<pong>(in);
    }
    return std::nullopt;
}

} // namespace winrm::service::wire
