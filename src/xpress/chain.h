// Blocks in a row: the content of a Stream, before base64, of a shell whose client asked for compression
// (rsp:CompressionType "xpress"). Each block has a head of four octets: original length - 1, packed length - 1, 16 bits
// each, little-endian; equal lengths mean that it is stored as it is.
#pragma once

#include "base/bytes.h"

#include <winrm/result.h>

#include <cstddef>

namespace winrm::xpress {

[[nodiscard]] base::bytes compress(base::bytes_view data);

/// @param limit  of all the data together, in octets
/// @errors protocol: cut, or a block that is not valid; too_large: more than the limit, said before it is unpacked
[[nodiscard]] result<base::bytes> decompress(base::bytes_view chain, std::size_t limit);

} // namespace winrm::xpress
