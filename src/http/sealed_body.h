// The body of a message that the login's keys have sealed: MS-WSMV 2.2.9.1 (multipart/encrypted). Framing only: which
// cipher made the bytes is unknown here. One buffer both ways: sealing and opening happen where the bytes lie.
#pragma once

#include "auth/message_sealer.h"
#include "base/bytes.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace winrm::http {

/// By the scheme of the login, not by the mechanism that Negotiate chose (MS-WSMV 2.2.9.1.1.1, 2.2.9.1.2.1).
enum class sealed_protocol { spnego, kerberos, credssp };

/// "application/HTTP-SPNEGO-session-encrypted"… Static storage.
[[nodiscard]] std::string_view name(sealed_protocol protocol) noexcept;
/// Value of the Content-Type field of a sealed message, exactly as Windows and all clients write it.
[[nodiscard]] std::string sealed_content_type(sealed_protocol protocol);

/// Lays a sealed message out in one buffer: head of both parts, length, room for the header, clear text, room for the
/// pad. Use: make, seal `token()` in place, take `finish()`.
class sealed_body_writer
{
public:
    /// Copies the clear text: the only copy. `room` comes from the cipher; its pad is counted in Length. `type` and
    /// `charset` describe it; media types of our own, never the peer's.
    sealed_body_writer(sealed_protocol protocol, base::bytes_view clear, auth::seal_room room,
                       std::string_view type = "application/soap+xml", std::string_view charset = "UTF-8");

    /// Header room, data, pad room: what the cipher works on. Lives until finish().
    [[nodiscard]] std::span<char> token() noexcept { return {buffer_.data() + token_at_, token_size_}; }
    /// The whole body. Precondition: token() is sealed, with the sizes promised.
    [[nodiscard]] base::bytes finish() &&;

private:
    base::bytes buffer_;
    std::size_t token_at_ = 0;
    std::size_t token_size_ = 0;
};

/// Why a body is not read. For logs; the peer gets a 400.
enum class sealed_refusal {
    none,
    not_sealed,       ///< the Content-Type is no multipart/encrypted: a clear body
    unknown_protocol, ///< sealed by something we do not know
    multi_encrypted,  ///< multipart/x-multi-encrypted: CredSSP in pieces of 16 KiB, not supported
    bad_framing,      ///< boundaries, fields or the closing boundary are not where they must be
    bad_length,       ///< Length absent or no number, header longer than the bytes, sealed bytes do not fit to Length
    too_large         ///< Length above the limit of an envelope
};
[[nodiscard]] std::string_view name(sealed_refusal refusal) noexcept;

/// What a Content-Type says of a body.
struct sealed_type
{
    sealed_refusal refused = sealed_refusal::none;
    sealed_protocol protocol = sealed_protocol::spnego;
};
[[nodiscard]] sealed_type parse_sealed_content_type(std::string_view content_type) noexcept;

/// A sealed message as it arrived. Views and spans are into the body that was parsed.
struct sealed_body
{
    sealed_refusal refused = sealed_refusal::none; ///< anything else: the other members say nothing
    std::string_view original_type;                ///< "application/soap+xml"
    std::string_view charset;                      ///< "UTF-8"; "" if absent
    std::size_t original_length = 0;               ///< Length: clear bytes; some peers count the pad in
    std::size_t header_size = 0;                   ///< the four-byte length; for CredSSP the size of a TLS trailer
    std::span<char> token;                         ///< header and sealed data, contiguous: open it in place

    /// Does Length say what came out? `pad`: bytes that the cipher removed.
    [[nodiscard]] bool length_is(std::size_t clear, std::size_t pad) const noexcept
    {
        return original_length == clear || (pad > 0 && original_length == clear + pad);
    }
};

/// Any bytes are read or refused. Takes every form seen in the wild: no TAB or a space before the fields, "-- Encrypted
/// Boundary", values in quotes or not, Length with the pad, closing line break absent. Sealed bytes may hold a
/// boundary: the closing one is looked for at the end only. `envelope_limit`: greatest Length, checked before anything
/// is opened.
[[nodiscard]] sealed_body parse_sealed_body(std::span<char> body, std::size_t envelope_limit) noexcept;

} // namespace winrm::http
