#include "wsman/names.h"

namespace winrm::wsman::action {

std::string response_of(base::bytes_view request)
{
    std::string out(request);
    out += "Response";
    return out;
}

} // namespace winrm::wsman::action
