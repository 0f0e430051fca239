#include "wsman/fault.h"

namespace winrm::wsman {

bool is_timeout(const fault_info& f) noexcept
{
    return f.code == static_cast<std::uint32_t>(fault_code::operation_timed_out) ||
           (f.code == 0 && f.subcode == "w:TimedOut");
}

winrm::error to_error(fault_info info)
{
    const fault_row* row = find_fault(info.code);
    if (row == nullptr && info.code == 0) row = find_fault_by_subcode(info.subcode);
    std::string words = row != nullptr ? std::string(row->text) : std::string("The host refused the request.");
    words.pop_back(); // our messages carry no full stop: others go on after them
    // The host read the request and said no; only where it says that time has passed may it have begun with it.
    const auto how = is_timeout(info) ? delivery::unknown : delivery::refused;
    return error(errc::fault, std::move(words), std::move(info)).with_delivery(how);
}

} // namespace winrm::wsman
