#include "shell/client_faults.h"

#include "shell/messages.h"

#include <algorithm>
#include <array>

namespace winrm::shell {
namespace {

using c = wsman::fault_code;

constexpr std::array<c, 4> used_up{c::quota_operations_per_user, c::quota_plugin_operations,
                                   c::quota_plugin_operations_per_user, c::quota_processes_per_shell};
constexpr std::array<c, 5> sizes{c::envelope_too_large, c::encoding_limit, c::max_envelope_size_too_small,
                                 c::max_envelope_size_exceeded, c::server_envelope_limit};
constexpr std::uint32_t request_too_large = 0x80338111; // not one of those that we send

/// A Win32 error is sent as itself or as HRESULT, depending on the part of Windows that sends it.
constexpr std::uint32_t plain(std::uint32_t code)
{
    return (code & 0xFFFF0000U) == 0x80070000U ? code & 0xFFFFU : code;
}

bool is(const fault_info& f, c code) noexcept { return plain(f.code) == plain(static_cast<std::uint32_t>(code)); }

template <class Codes> bool any_of(const fault_info& f, const Codes& codes)
{
    return std::any_of(codes.begin(), codes.end(), [&f](c code) { return is(f, code); });
}

} // namespace

std::span<const wsman::fault_code> used_up_quota_faults() noexcept { return used_up; }
bool quota_is_used_up(const fault_info& f) noexcept { return any_of(f, used_up); }
bool shell_is_gone(const fault_info& f) noexcept { return is(f, c::unexpected_selectors) || is(f, c::key_deleted); }
bool profile_was_unloaded(const fault_info& f) noexcept { return is(f, c::key_deleted); }
bool compression_is_refused(const fault_info& f) noexcept
{
    return is(f, c::must_understand) || is(f, c::unsupported_feature);
}
bool is_busy(const fault_info& f) noexcept { return is(f, c::busy); }
bool input_is_unwanted(const fault_info& f) noexcept { return shell_is_gone(f) || is(f, c::operation_aborted); }
bool refused_for_size(const fault_info& f) noexcept { return any_of(f, sizes) || f.code == request_too_large; }

error command_unclear(error e)
{
    return std::move(e).with_more("; the command may or may not have started").with_remedy(remedy::list_shells);
}

error create_error(const fault_info& f)
{
    if (profile_was_unloaded(f)) {
        return {errc::fault,
                "the host could not start a shell, for it was unloading the user's profile; it was asked twice: try "
                "again in a moment",
                f};
    }
    auto e = wsman::to_error(f);
    if (!is_timeout(f)) return e;
    return std::move(e).with_more("; the shell may or may not have been opened").with_remedy(remedy::list_shells);
}

error command_error(const fault_info& f)
{
    auto e = wsman::to_error(f);
    if (!is_timeout(f)) return e;
    return command_unclear(std::move(e));
}

} // namespace winrm::shell
