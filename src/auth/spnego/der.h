// The little of DER (X.690) that Negotiate needs: definite lengths in the shortest form, one-byte tags.
#pragma once

#include "base/bytes.h"

#include <optional>

namespace winrm::auth::spnego {

/// Reads elements one after another; never beyond its bytes, whatever they say of their lengths. After a failure it
/// stays failed.
class der_reader
{
public:
    explicit der_reader(base::bytes_view bytes) noexcept : rest_(bytes) {}

    struct element
    {
        unsigned char tag = 0;
        base::bytes_view content;
        base::bytes_view whole; ///< tag and length included
    };
    /// nullopt at the end, or for an element that lies about its length.
    [[nodiscard]] std::optional<element> next() noexcept;
    /// Content of the next element, which must have this tag.
    [[nodiscard]] std::optional<base::bytes_view> take(unsigned char tag) noexcept;
    /// Everything was read, and rightly.
    [[nodiscard]] bool at_end() const noexcept { return !failed_ && rest_.empty(); }

private:
    base::bytes_view rest_;
    bool failed_ = false;
};

/// One element.
[[nodiscard]] base::bytes der(unsigned char tag, base::bytes_view content);

} // namespace winrm::auth::spnego
