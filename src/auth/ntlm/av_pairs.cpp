#include "auth/ntlm/av_pairs.h"

#include "auth/ntlm/little_endian.h"
#include "base/text.h"

#include <algorithm>

namespace winrm::auth::ntlm {
namespace {

constexpr std::size_t max_pairs = 32; // eleven ids are known

bool size_can_be(av_id id, std::size_t size) noexcept
{
    switch (id) {
    case av_id::eol: return size == 0;
    case av_id::flags: return size == 4;
    case av_id::timestamp: return size == 8;
    case av_id::channel_bindings: return size == 16;
    case av_id::nb_computer_name:
    case av_id::nb_domain_name:
    case av_id::dns_computer_name:
    case av_id::dns_domain_name:
    case av_id::dns_tree_name:
    case av_id::target_name: return size % 2 == 0;
    case av_id::single_host: break;
    }
    return true;
}

} // namespace

std::optional<av_pairs> av_pairs::read(base::bytes_view bytes)
{
    av_pairs out;
    while (bytes.size() >= 4) {
        const auto id = static_cast<av_id>(get_u16(bytes));
        const std::size_t size = get_u16(bytes.substr(2));
        bytes.remove_prefix(4);
        if (size > bytes.size() || !size_can_be(id, size)) return std::nullopt;
        if (id == av_id::eol) return out;
        if (out.find(id) || out.pairs_.size() == max_pairs) return std::nullopt;
        out.pairs_.push_back({id, bytes.substr(0, size)});
        bytes.remove_prefix(size);
    }
    return std::nullopt;
}

std::optional<base::bytes_view> av_pairs::find(av_id id) const noexcept
{
    const auto found = std::find_if(pairs_.begin(), pairs_.end(), [id](const av_pair& pair) { return pair.id == id; });
    if (found == pairs_.end()) return std::nullopt;
    return found->value;
}

std::uint32_t av_pairs::flags() const noexcept
{
    const auto value = find(av_id::flags);
    return value ? get_u32(*value) : 0;
}

std::optional<std::uint64_t> av_pairs::timestamp() const noexcept
{
    const auto value = find(av_id::timestamp);
    if (!value) return std::nullopt;
    return get_number<8>(*value);
}

std::string av_pairs::name(av_id id) const
{
    const auto value = find(id);
    if (!value) return {};
    return base::utf16_to_utf8(*value, base::utf16_order::little).value_or("");
}

void add_av_pair(base::bytes& list, av_id id, base::bytes_view value)
{
    put_number<2>(list, static_cast<std::uint16_t>(id));
    put_number<2>(list, value.size());
    list += value;
}

} // namespace winrm::auth::ntlm
