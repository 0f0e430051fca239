#pragma once

#include "wsman/message.h"

namespace winrm::wsman {

struct identity
{
    std::string protocol_version, product_vendor, product_version;
    std::vector<std::string> security_profiles; ///< told only to those who logged in
};
[[nodiscard]] std::string write_identify_reply(const identity& id);
/// @errors protocol: no wsmid:IdentifyResponse.
[[nodiscard]] result<identity> read_identify_reply(const soap::envelope& e);

} // namespace winrm::wsman
