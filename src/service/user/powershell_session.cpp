#include "service/user/powershell_session.h"

#include "base/text.h"

#include <algorithm>
#include <utility>

namespace winrm::service::user {
namespace {

constexpr std::size_t max_said = 1024;
constexpr base::milliseconds drain_time{1'000}; ///< for what is left in its pipes when it has ended

/// One line of readable ASCII, for a fault and the log.
std::string readable(base::bytes_view text)
{
    std::string out;
    for (const char c : text) {
        const bool plain = c >= ' ' && c < '\x7f';
        if (plain) out += c;
        else if (!out.empty() && out.back() != ' ') out += ' ';
    }
    return std::string(base::trim(out));
}

} // namespace

powershell_session::powershell_session(io::loop& on, process_host& host, shell_news& news, shell::process_ref real,
                                       shell::process_ref process, psrp::bridge_options options)
    : loop_(on), host_(host), news_(news), real_(real), process_(process), bridge_(options)
{
    guids_[process] = {};
    refs_[base::uuid{}.text()] = process;
}

const base::uuid* powershell_session::guid_of(shell::process_ref p) const
{
    const auto at = guids_.find(p);
    return at == guids_.end() ? nullptr : &at->second;
}

void powershell_session::begin(base::bytes first)
{
    (void)bridge_.open({}, std::move(first), loop_.now());
    pump();
}

void powershell_session::begin_pipeline(shell::process_ref pipeline, const std::string& command_id, base::bytes first)
{
    const auto guid = base::uuid::parse(command_id);
    if (finished_ || !guid || refs_.contains(guid->text()) || !bridge_.open(*guid, std::move(first), loop_.now()))
        return news_.not_started(pipeline, shell::start_failure::no_resources);
    guids_[pipeline] = *guid;
    refs_[guid->text()] = pipeline;
    pump();
}

void powershell_session::write(shell::write_input&& order)
{
    const base::uuid* guid = guid_of(order.process);
    if (guid == nullptr) return;
    bridge_.send(*guid, order.stream == 1 ? psrp::packet_stream::prompt_response : psrp::packet_stream::normal,
                 std::move(order.data), loop_.now());
    pump();
}

void powershell_session::signal(shell::process_ref pipeline)
{
    if (const base::uuid* guid = guid_of(pipeline)) bridge_.signal(*guid, loop_.now());
    pump();
}

void powershell_session::want_output(shell::process_ref of, bool wanted)
{
    if (wanted) unwanted_.erase(of);
    else unwanted_.insert(of);
    apply_reading();
}

void powershell_session::apply_reading()
{
    const bool wanted = unwanted_.empty();
    if (wanted == std::exchange(reading_, wanted)) return;
    bridge_.reading(wanted, loop_.now());
    host_.execute(shell::read_output{real_, wanted});
}

void powershell_session::close_pipeline(shell::process_ref pipeline)
{
    const base::uuid* guid = guid_of(pipeline);
    if (guid == nullptr || pipeline == process_) return;
    bridge_.close(*guid, loop_.now());
    refs_.erase(guid->text());
    guids_.erase(pipeline);
    want_output(pipeline, true);
    pump();
}

void powershell_session::shut_down()
{
    detached_ = true;
    unwanted_.clear();
    apply_reading();
    bridge_.shut_down(loop_.now());
    pump();
}

void powershell_session::connect(const base::bytes& request)
{
    news_.connected(process_, bridge_.connect(request));
    pump();
}

// -- news

void powershell_session::started(std::uint32_t pid) { pid_ = pid; }

void powershell_session::output(std::size_t stream, base::bytes_view data)
{
    if (stream != 0) {
        said_ += data.substr(data.size() > max_said ? data.size() - max_said : 0);
        if (said_.size() > max_said) said_.erase(0, said_.size() - max_said);
        return;
    }
    bridge_.received(data, loop_.now());
    pump();
}

void powershell_session::output_end(std::size_t stream)
{
    (stream == 0 ? stdout_ended_ : stderr_ended_) = true;
    if (stream == 0) note_end();
    else if (stdout_ended_ && status_) end_of_stream();
}

void powershell_session::exited(int status)
{
    status_ = status;
    note_end();
}

/// Output, messages and status come to their ends in any order, and a grandchild may hold the pipes: not waited for for
/// long.
void powershell_session::note_end()
{
    if (stdout_ended_ && stderr_ended_ && status_) return end_of_stream();
    ending_ = std::min(ending_, loop_.now() + drain_time);
}

void powershell_session::end_of_stream()
{
    std::string text = readable(said_);
    if (status_) text = "status " + std::to_string(*status_) + (text.empty() ? "" : ": " + text);
    bridge_.end_of_stream(std::move(text), loop_.now());
    pump();
}

void powershell_session::input_taken()
{
    writing_ = false;
    pump();
}

base::time_point powershell_session::deadline() const noexcept
{
    if (finished_) return base::time_point::max();
    return std::min(bridge_.deadline(), ending_);
}

void powershell_session::handle_timeout()
{
    const auto now = loop_.now();
    if (now < deadline()) return;
    if (ending_ <= now) return end_of_stream();
    bridge_.handle_timeout(now);
    pump();
}

/// What news_ does may come back here: the outer call goes on with it.
void powershell_session::pump()
{
    if (std::exchange(pumping_, true)) return;
    for (bool again = true; again;) {
        again = false;
        while (auto event = bridge_.poll_event()) {
            tell(std::move(*event));
            again = true;
        }
        if (writing_ || finished_ || bridge_.output().empty()) continue;
        writing_ = true;
        base::bytes data(bridge_.output());
        bridge_.written(data.size());
        host_.execute(shell::write_input{real_, std::move(data), false, 0});
        again = true;
    }
    pumping_ = false;
}

void powershell_session::tell(psrp::bridge_event&& event)
{
    if (const auto* e = std::get_if<psrp::bridge_ended>(&event)) return tell_end(*e);
    if (detached_) return;
    const base::uuid& guid = std::visit(
        [](const auto& e) -> const base::uuid& {
            if constexpr (requires { e.guid; }) return e.guid;
            else throw std::logic_error("no guid");
        },
        event);
    const auto at = refs_.find(guid.text());
    if (at == refs_.end()) return;
    const shell::process_ref ref = at->second;
    if (std::holds_alternative<psrp::bridge_opened>(event)) {
        opened_ = opened_ || ref == process_;
        news_.started(ref, ref == process_ ? pid_ : 0);
    } else if (std::holds_alternative<psrp::bridge_taken>(event)) {
        news_.input_taken(ref);
    } else if (auto* o = std::get_if<psrp::bridge_output>(&event)) {
        news_.output(ref, 0, o->bytes);
    } else {
        news_.output_end(ref, 0);
        news_.exited(ref, 0);
    }
}

void powershell_session::tell_end(const psrp::bridge_ended& e)
{
    finished_ = true;
    if (detached_) return;
    std::string text{psrp::text_of(e.why)};
    if (!e.text.empty()) text += " It said: " + readable(e.text);
    if (opened_) news_.lost(process_, std::move(text));
    else news_.shell_not_started(process_, shell::start_failure::ended, text);
}

} // namespace winrm::service::user
