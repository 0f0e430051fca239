#include "psrp/out_of_proc.h"

#include "base/base64.h"
#include "base/text.h"

#include <array>

namespace winrm::psrp {
namespace {

using base::bytes_view;

constexpr std::array<bytes_view, 8> names{"Data",  "DataAck",  "Command", "CommandAck",
                                          "Close", "CloseAck", "Signal",  "SignalAck"};
constexpr bytes_view error_prefix = "__NamedPipeError__:";
constexpr std::size_t max_told = 512;

bytes_view name_of(packet_stream s) { return s == packet_stream::normal ? "Default" : "PromptResponse"; }

void skip_space(bytes_view& s)
{
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
}

/// An XML name, as far as these lines have one.
bytes_view take_name(bytes_view& s)
{
    std::size_t n = 0;
    while (n < s.size() && ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z'))) ++n;
    const bytes_view name = s.substr(0, n);
    s.remove_prefix(n);
    return name;
}

struct attributes
{
    std::optional<bytes_view> stream, guid;
};

/// Name='value' of each; @return false: not that, one twice, or one that no packet has.
bool take_attributes(bytes_view& s, attributes& to)
{
    for (skip_space(s); !s.empty() && s.front() != '>' && s.front() != '/'; skip_space(s)) {
        const bytes_view name = take_name(s);
        std::optional<bytes_view>* const value = name == "Stream" ? &to.stream : name == "PSGuid" ? &to.guid : nullptr;
        if (value == nullptr || *value || s.size() < 3 || s[0] != '=' || (s[1] != '\'' && s[1] != '"')) return false;
        const std::size_t end = s.find(s[1], 2);
        if (end == bytes_view::npos) return false;
        *value = s.substr(2, end - 2);
        s.remove_prefix(end + 1);
    }
    return true;
}

std::optional<packet_kind> kind_of(bytes_view name)
{
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<packet_kind>(i);
    return {};
}

/// 8-4-4-4-12 and nothing around it.
std::optional<base::uuid> guid_of(const std::optional<bytes_view>& text)
{
    if (!text || text->size() != 36) return {};
    return base::uuid::parse(*text);
}

std::optional<packet> read_packet(bytes_view s)
{
    if (s.empty() || s.front() != '<') return {};
    s.remove_prefix(1);
    const bytes_view name = take_name(s);
    const auto kind = kind_of(name);
    attributes found;
    if (!kind || !take_attributes(s, found)) return {};
    const auto guid = guid_of(found.guid);
    if (!guid) return {};
    packet p{*kind, *guid};
    if (*kind != packet_kind::data) {
        if (found.stream || s != "/>") return {};
        return p;
    }
    if (found.stream == name_of(packet_stream::prompt_response)) p.stream = packet_stream::prompt_response;
    else if (found.stream != name_of(packet_stream::normal)) return {};
    constexpr bytes_view end = "</Data>";
    if (s.empty() || s.front() != '>' || !s.ends_with(end)) return {};
    s.remove_prefix(1);
    s.remove_suffix(end.size());
    if (!base::base64_decode(s, p.bytes) || p.bytes.empty()) return {};
    return p;
}

} // namespace

void write(const packet& p, std::string& out)
{
    const bytes_view name = names.at(static_cast<std::size_t>(p.kind));
    out += '<';
    out += name;
    if (p.kind == packet_kind::data) {
        out += " Stream='";
        out += name_of(p.stream);
        out += '\'';
    }
    out += " PSGuid='";
    out += base::lower(p.guid.text()); // as .NET writes it
    out += '\'';
    if (p.kind == packet_kind::data) {
        out += '>';
        base::base64_encode(p.bytes, out);
        out += "</Data>\n";
    } else {
        out += " />\n";
    }
}

std::string write(const packet& p)
{
    std::string out;
    write(p, out);
    return out;
}

std::variant<packet, other_line> read_line(bytes_view line)
{
    if (line.empty()) return other_line{other_line::kind::empty};
    if (auto p = read_packet(line)) return std::move(*p);
    if (line.starts_with(error_prefix))
        return other_line{other_line::kind::error, std::string(line.substr(error_prefix.size(), max_told))};
    return other_line{other_line::kind::malformed, std::string(line.substr(0, max_told))};
}

void out_of_proc_reader::received(bytes_view bytes)
{
    if (broken_) return;
    if (at_ > 0 && at_ >= buffer_.size() / 2) { // each byte moves at most once
        buffer_.erase(0, at_);
        scanned_ -= at_;
        at_ = 0;
    }
    buffer_ += bytes;
}

std::optional<std::variant<packet, other_line>> out_of_proc_reader::poll()
{
    if (broken_) return {};
    const std::size_t end = buffer_.find('\n', scanned_);
    const std::size_t size = (end == std::string::npos ? buffer_.size() : end) - at_;
    if (size > max_line_) {
        other_line told{other_line::kind::too_long, buffer_.substr(at_, max_told)};
        broken_ = true;
        std::string{}.swap(buffer_);
        at_ = scanned_ = 0;
        return told;
    }
    if (end == std::string::npos) {
        scanned_ = buffer_.size();
        return {};
    }
    bytes_view line(buffer_.data() + at_, size);
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto out = read_line(line);
    at_ = scanned_ = end + 1;
    if (at_ == buffer_.size()) {
        buffer_.clear();
        at_ = scanned_ = 0;
    }
    return out;
}

} // namespace winrm::psrp
