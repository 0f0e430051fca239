// Files that decide who may log in: read only if no other account could have written them.
#pragma once

#include <winrm/result.h>

#include <cstddef>
#include <string>

namespace winrm::service::monitor {

enum class file_secrecy { open, secret }; ///< secret: others must not even read it
/// text: UTF-8, of which a byte-order mark is left out and other encodings are refused.
enum class file_content { text, bytes };

/// The check and the reading use one descriptor, so the file cannot be changed between them.
/// @errors bad_config: missing, not a regular file, owned by neither root nor us, writable by group or others, (secret)
///         readable by others or by a group, in a folder (or one above it) where others could replace it, larger than
///         `most` bytes. The message names the remedy.
[[nodiscard]] result<std::string> read_trusted_file(const std::string& path, file_secrecy secrecy, std::size_t most,
                                                    file_content content = file_content::text);

} // namespace winrm::service::monitor
