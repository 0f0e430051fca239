// Negotiate's tokens: RFC 4178 4.2, with what MS-SPNG 2.2.1 adds.
#pragma once

#include "auth/login_mechanism.h"

#include <optional>
#include <variant>
#include <vector>

namespace winrm::auth::spnego {

/// Object identifiers as they stand in a token, without tag and length.
namespace oid {
using namespace std::string_view_literals;
inline constexpr base::bytes_view spnego = "\x2b\x06\x01\x05\x05\x02"sv;
inline constexpr base::bytes_view krb5 = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"sv;
/// Windows 2000's truncated spelling; Windows still names it first (MS-SPNG 3.1.5.2).
inline constexpr base::bytes_view krb5_microsoft = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"sv;
inline constexpr base::bytes_view ntlm = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a"sv;
inline constexpr base::bytes_view negoex = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e"sv;
} // namespace oid

/// nullopt: none of ours. NegoEx is none of ours.
[[nodiscard]] std::optional<mechanism_kind> kind_of(base::bytes_view mechanism) noexcept;
/// The usual spelling.
[[nodiscard]] base::bytes_view oid_of(mechanism_kind kind) noexcept;

/// No list of a peer is longer: Windows names five.
inline constexpr std::size_t max_mechanisms = 32;

enum class neg_state : unsigned char { accept_completed = 0, accept_incomplete = 1, reject = 2, request_mic = 3 };

struct neg_token_init
{
    std::vector<base::bytes> mechanisms; ///< in the order of the peer's liking
    base::bytes mech_list;               ///< the whole DER element, as sent: what a mechListMIC signs
    std::optional<base::bytes> token;    ///< for the first mechanism
    std::optional<base::bytes> mic;
};

struct neg_token_resp
{
    std::optional<neg_state> state;
    base::bytes mechanism; ///< "" if absent
    std::optional<base::bytes> token;
    std::optional<base::bytes> mic; ///< absent too where a very old peer repeats the token here
};

/// Bytes of a MechTypeList.
[[nodiscard]] base::bytes make_mech_list(const std::vector<base::bytes_view>& mechanisms);
/// With its GSS-API frame (RFC 2743 3.1).
[[nodiscard]] base::bytes write(const neg_token_init& token);
[[nodiscard]] base::bytes write(const neg_token_resp& token);

/// nullopt for anything that is not exactly such a token.
[[nodiscard]] std::optional<neg_token_init> parse_init(base::bytes_view token);
[[nodiscard]] std::optional<neg_token_resp> parse_resp(base::bytes_view token);

/// What an initiator's first token is.
enum class first_token { negotiate, raw_kerberos, raw_ntlm, unknown };
[[nodiscard]] first_token classify(base::bytes_view token) noexcept;

} // namespace winrm::auth::spnego
