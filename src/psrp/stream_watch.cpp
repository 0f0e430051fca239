#include "psrp/stream_watch.h"

#include <algorithm>

namespace winrm::psrp {
namespace {

using base::bytes_view;

constexpr std::size_t fragment_header = 21, message_header = 40;
constexpr unsigned start_flag = 1, end_flag = 2;
constexpr std::size_t longest_number = 11; // -2147483648

std::uint64_t big_endian(bytes_view octets)
{
    std::uint64_t value = 0;
    for (const char c : octets) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

std::uint32_t little_endian(bytes_view four)
{
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8U | static_cast<unsigned char>(four[i]);
    return value;
}

/// The element that holds the state; "" = a message without one.
bytes_view state_element(std::uint32_t type)
{
    if (type == watched_type::pipeline_state) return R"(<I32 N="PipelineState">)";
    if (type == watched_type::runspacepool_state) return R"(<I32 N="RunspaceState">)";
    return {};
}

/// Digits up to the '<' of the closing tag.
std::optional<std::int32_t> number_before_tag(bytes_view text)
{
    const std::size_t end = text.find('<');
    if (end == 0 || end == bytes_view::npos || end > longest_number) return {};
    const bool minus = text.front() == '-';
    std::int64_t value = 0;
    for (const char c : text.substr(minus ? 1 : 0, end - (minus ? 1 : 0))) {
        if (c < '0' || c > '9') return {};
        value = value * 10 + (c - '0');
    }
    value = minus ? -value : value;
    if (value > INT32_MAX || value < INT32_MIN) return {};
    return static_cast<std::int32_t>(value);
}

} // namespace

bool stream_watch::pass(bytes_view bytes)
{
    while (!failed_ && !bytes.empty()) {
        if (left_ > 0) {
            const bytes_view part = bytes.substr(0, left_);
            bytes.remove_prefix(part.size());
            left_ -= static_cast<std::uint32_t>(part.size());
            take_data(part);
            if (left_ == 0 && !failed_) failed_ = !end_fragment();
            continue;
        }
        const bytes_view part = bytes.substr(0, fragment_header - header_.size());
        header_ += part;
        bytes.remove_prefix(part.size());
        if (header_.size() == fragment_header) failed_ = !begin_fragment();
    }
    return !failed_;
}

bool stream_watch::begin_fragment()
{
    const bytes_view h = header_;
    const std::uint64_t object = big_endian(h.substr(0, 8)), fragment = big_endian(h.substr(8, 8));
    const auto flags = static_cast<unsigned char>(h[16]);
    left_ = static_cast<std::uint32_t>(big_endian(h.substr(17, 4)));
    const bool starts = (flags & start_flag) != 0;
    last_ = (flags & end_flag) != 0;
    header_.clear();
    if (starts == inside_ || flags > (start_flag | end_flag)) return false;
    if (starts) {
        if (fragment != 0) return false;
        object_ = object;
        message_ = {};
        message_header_.clear();
        window_.clear();
        decided_ = false;
        inside_ = true;
    } else if (object != object_ || fragment != next_fragment_) {
        return false;
    }
    next_fragment_ = fragment + 1;
    message_.size += left_;
    if (max_message_ != 0 && message_.size > max_message_) return false;
    return left_ > 0 || (last_ && end_fragment());
}

void stream_watch::take_data(bytes_view data)
{
    if (message_header_.size() < message_header) {
        const bytes_view part = data.substr(0, message_header - message_header_.size());
        message_header_ += part;
        data.remove_prefix(part.size());
        if (message_header_.size() < message_header) return;
        message_.type = little_endian(bytes_view(message_header_).substr(4, 4));
    }
    if (!decided_ && !data.empty()) look_for_state(data);
}

/// The first such element is the message's own: PowerShell writes it ahead of the error that may follow.
void stream_watch::look_for_state(bytes_view data)
{
    const bytes_view wanted = state_element(message_.type);
    if (wanted.empty()) return;
    while (!decided_ && !data.empty()) {
        const bytes_view part = data.substr(0, 4096);
        data.remove_prefix(part.size());
        window_ += part;
        const std::size_t at = window_.find(wanted);
        // What may be its beginning stays, or itself until its number is there.
        if (at == std::string::npos) {
            if (window_.size() >= wanted.size()) window_.erase(0, window_.size() - wanted.size() + 1);
            continue;
        }
        window_.erase(0, at);
        const bytes_view number = bytes_view(window_).substr(wanted.size());
        decided_ = number.size() > longest_number || number.find('<') != bytes_view::npos;
        if (decided_) message_.state = number_before_tag(number);
    }
}

bool stream_watch::end_fragment()
{
    if (!last_) return true;
    inside_ = false;
    if (message_header_.size() < message_header) return false;
    ready_.push_back(message_);
    return true;
}

std::optional<watched_message> stream_watch::poll()
{
    if (ready_.empty()) return {};
    const watched_message out = ready_.front();
    ready_.pop_front();
    return out;
}

} // namespace winrm::psrp
