// Writes XML text front to back into a string. Names come from our code; values are escaped.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <vector>

namespace winrm::xml {

class writer
{
public:
    /// Appends to `out`, which must outlive the writer.
    explicit writer(std::string& out) : out_(out) {}

    writer& open(base::bytes_view qname);
    /// Only between open() and the first content.
    writer& attribute(base::bytes_view qname, base::bytes_view value);
    /// Attributes already written, each with a space before it; where attribute() may stand.
    writer& attributes(base::bytes_view written);
    /// Escaped; characters that XML 1.0 cannot carry and bad UTF-8 become '?' (as Windows does, MS-WSMV 2.2.4).
    writer& text(base::bytes_view value);
    /// As it is: base64 or XML that is known to be right.
    writer& raw(base::bytes_view value);
    /// Base64 of `data` without an intermediate copy.
    writer& base64(base::bytes_view data);
    writer& close();

    /// open + text + close
    writer& leaf(base::bytes_view qname, base::bytes_view value);

private:
    void finish_tag();
    std::string& out_;
    std::vector<base::bytes_view> open_; // names are string literals of our code
    bool in_tag_ = false;
};

} // namespace winrm::xml
