// How near two words are to each other, for "did you mean". Pure.
#pragma once

#include "base/bytes.h"

namespace winrm::base {

/// Letters to add, drop, change or swap with their neighbour to make a of b; ASCII letters in any case are the same.
/// Takes size(a) * size(b) steps: for short words.
[[nodiscard]] std::size_t edit_distance(bytes_view a, bytes_view b);

} // namespace winrm::base
