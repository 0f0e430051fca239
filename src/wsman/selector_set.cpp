#include "base/text.h"
#include "wsman/message.h"

namespace winrm::wsman {

const std::string* selector_set::find(base::bytes_view name) const noexcept
{
    for (const selector& s : items_) {
        if (base::iequals(s.name, name)) return &s.value;
    }
    return nullptr;
}

void option_set::add(std::string name, std::string value, bool must_comply)
{
    items_.push_back({std::move(name), std::move(value), must_comply});
}

const std::string* option_set::find(base::bytes_view name) const noexcept
{
    for (const option& o : items_) {
        if (base::iequals(o.name, name)) return &o.value;
    }
    return nullptr;
}

} // namespace winrm::wsman
