// One block of LZ77+Huffman (MS-XCA 2.1, 2.2), as Windows PowerShell's streams have it: at most 64 KiB of data.
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <optional>

namespace winrm::xpress {

inline constexpr std::size_t largest_block = 65'536; ///< octets of data

/// Precondition: 1 to largest_block octets. The result can be longer than the data.
[[nodiscard]] base::bytes compress_block(base::bytes_view data);
/// @param size  of the data, at most largest_block
/// @return nullopt: not valid, or not exactly `size` octets. Time and memory are bounded by both sizes.
[[nodiscard]] std::optional<base::bytes> decompress_block(base::bytes_view packed, std::size_t size);

} // namespace winrm::xpress
