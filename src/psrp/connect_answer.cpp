#include "psrp/connect_answer.h"

#include "base/text.h"
#include "psrp/stream_watch.h"

#include <algorithm>

namespace winrm::psrp {
namespace {

using base::bytes;
using base::bytes_view;

constexpr std::uint32_t connect_runspacepool = 0x00010008, runspacepool_init_data = 0x0002100B;
constexpr std::size_t fragment_header = 21, message_header = 40, max_early = 256 * 1024;
constexpr std::uint64_t own_object = std::uint64_t{1} << 62U; ///< a number that PowerShell's own count does not reach
constexpr std::uint32_t to_client = 1;

std::uint64_t big_endian(bytes_view octets)
{
    std::uint64_t value = 0;
    for (const char c : octets) value = value << 8U | static_cast<unsigned char>(c);
    return value;
}

void put_big_endian(bytes& out, std::uint64_t value, unsigned octets)
{
    while (octets-- > 0) out += static_cast<char>(value >> (8U * octets) & 0xffU);
}

void put_little_endian(bytes& out, std::uint32_t value)
{
    for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(value >> (8U * i) & 0xffU);
}

std::uint32_t little_endian(bytes_view four)
{
    return static_cast<std::uint32_t>(big_endian(bytes(four.rbegin(), four.rend())));
}

/// One message in one fragment.
bytes fragment_of(std::uint64_t object, std::uint32_t type, bytes_view pool, bytes_view data)
{
    bytes out;
    put_big_endian(out, object, 8);
    put_big_endian(out, 0, 8);
    out += '\3';
    put_big_endian(out, message_header + data.size(), 4);
    put_little_endian(out, to_client);
    put_little_endian(out, type);
    out += pool;
    out.append(16, '\0');
    out += data;
    return out;
}

std::optional<std::int32_t> number_after(bytes_view data, bytes_view element)
{
    const std::size_t at = data.find(element);
    if (at == bytes_view::npos) return {};
    const bytes_view rest = data.substr(at + element.size());
    const auto value = base::parse_unsigned(rest.substr(0, rest.find('<')));
    if (!value || *value > 1'000'000) return {};
    return static_cast<std::int32_t>(*value);
}

} // namespace

std::optional<std::vector<collected_message>> collect_messages(bytes_view fragments)
{
    stream_watch order;
    if (!order.pass(fragments) || !order.at_border()) return {};
    std::vector<collected_message> all;
    bytes whole;
    while (!fragments.empty()) { // their headers are known to be good
        const auto flags = static_cast<unsigned char>(fragments[16]);
        const auto size = static_cast<std::size_t>(big_endian(fragments.substr(17, 4)));
        whole += fragments.substr(fragment_header, size);
        fragments.remove_prefix(fragment_header + size);
        if ((flags & 2U) == 0) continue;
        const bytes_view m = whole;
        all.push_back({little_endian(m.substr(4, 4)), bytes(m.substr(8, 16)), bytes(m.substr(message_header))});
        whole.clear();
    }
    return all;
}

void pool_memory::created(bytes_view fragments)
{
    const auto messages = collect_messages(fragments);
    if (!messages) return;
    for (const collected_message& m : *messages) {
        pool_ = m.pool;
        if (m.type != watched_type::init_runspacepool) continue;
        least_ = number_after(m.data, R"(N="MinRunspaces">)").value_or(least_);
        most_ = number_after(m.data, R"(N="MaxRunspaces">)").value_or(most_);
    }
}

void pool_memory::output(bytes_view fragments)
{
    if (settled_) return;
    early_ += fragments;
    const auto messages = collect_messages(early_);
    settled_ = early_.size() > max_early;
    if (messages) {
        for (const collected_message& m : *messages) {
            if (m.type == watched_type::session_capability) capability_ = m.data;
            if (m.type != watched_type::application_private_data) continue;
            private_data_ = m.data;
            settled_ = true;
        }
    }
    if (settled_) bytes{}.swap(early_);
}

std::optional<pool_memory::reply> pool_memory::connect(bytes_view request) const
{
    const auto messages = collect_messages(request);
    if (!messages || pool_.empty() || capability_.empty()) return {};
    bool capable = false, connects = false;
    for (const collected_message& m : *messages) {
        if (m.pool != pool_) return {};
        capable = capable || m.type == watched_type::session_capability;
        connects = connects || m.type == connect_runspacepool;
    }
    if (!capable || !connects) return {};
    const bytes size = "\xef\xbb\xbf<Obj RefId=\"0\"><MS><I32 N=\"MaxRunspaces\">" + std::to_string(most_) +
                       "</I32><I32 N=\"MinRunspaces\">" + std::to_string(least_) + "</I32></MS></Obj>";
    reply r;
    r.answer = fragment_of(own_object, watched_type::session_capability, pool_, capability_) +
               fragment_of(own_object + 1, runspacepool_init_data, pool_, size);
    if (!private_data_.empty())
        r.later = fragment_of(own_object + 2, watched_type::application_private_data, pool_, private_data_);
    r.later += fragment_of(own_object + 3, watched_type::runspacepool_state, pool_,
                           "\xef\xbb\xbf<Obj RefId=\"0\"><MS><I32 N=\"RunspaceState\">2</I32></MS></Obj>");
    return r;
}

} // namespace winrm::psrp
