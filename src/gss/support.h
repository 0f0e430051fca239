// What both ends of a login do alike with the library.
#pragma once

#include "auth/krb5/seal.h"
#include "base/bytes.h"
#include "gss/library.h"

#include <optional>
#include <string>
#include <string_view>

namespace winrm::gss {

// Values of the library's constants, which are data in it: naming them would link it.
inline constexpr std::string_view krb5_oid = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
inline constexpr std::string_view principal_oid = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x01";

/// These two look at the bytes, which must outlive them.
[[nodiscard]] inline gss_OID_desc oid(std::string_view bytes) noexcept
{
    return {static_cast<OM_uint32>(bytes.size()), const_cast<char*>(bytes.data())}; // NOLINT: only read
}
[[nodiscard]] inline gss_buffer_desc buffer(base::bytes_view bytes) noexcept
{
    return {bytes.size(), const_cast<char*>(bytes.data())}; // NOLINT: only read
}

/// The bytes of a buffer that is released.
[[nodiscard]] base::bytes taken(const library& gss, gss_buffer_desc& from);
/// The library's own text for its latest error in this thread.
[[nodiscard]] std::string words_of(const library& gss, OM_uint32 major, OM_uint32 minor);
struct exported_context
{
    auth::krb5::context_values values;
    /// On the host: what the client alone chose, key and first number. The same for the same login sent again, which
    /// gets another subkey of the host's each time.
    base::secret initiator_mark;
};
/// Ends the context and gives its keys.
/// @param verified  codes that were verified with it, each of which took a sequence number
[[nodiscard]] std::optional<exported_context> export_keys(const library& gss, gss_ctx_id_t& context,
                                                          auth::krb5::role own, int verified);

} // namespace winrm::gss
