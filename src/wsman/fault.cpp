#include "wsman/fault.h"

namespace winrm::wsman {

winrm::error to_error(fault_info info)
{
    const fault_row* row = find_fault(info.code);
    if (row == nullptr && info.code == 0) row = find_fault_by_subcode(info.subcode);
    std::string words = row != nullptr ? std::string(row->text) : std::string("The host refused the request.");
    words.pop_back(); // our messages carry no full stop: others go on after them
    return {errc::fault, std::move(words), std::move(info)};
}

} // namespace winrm::wsman
