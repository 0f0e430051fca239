// What a user of this program can do about a failure: the words for each winrm::remedy, a table. Pure.
#pragma once

#include "base/bytes.h"

#include <winrm/error.h>

#include <string>

namespace winrm::cli {

/// As it stands within a sentence, with the punctuation before it: " (--timeout raises it)".
[[nodiscard]] base::bytes_view words_for(remedy what) noexcept;
/// The message of an error with the words for its remedies where they belong.
[[nodiscard]] std::string with_remedies(const error& e);

} // namespace winrm::cli
