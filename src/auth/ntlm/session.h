// What two ends have after a login by NTLM: signatures and sealed messages (MS-NLMP 3.4), in place and in order.
#pragma once

#include "auth/ntlm/keys.h"
#include "crypto/md5.h"
#include "crypto/rc4.h"

#include <span>

namespace winrm::auth::ntlm {

inline constexpr std::size_t signature_size = 16;
using signature = std::array<char, signature_size>;

/// How much was agreed. Each has the former.
enum class protection {
    none,    ///< a login only
    signing, ///< signatures
    sealing  ///< sealed messages; always with key exchange
};

/// All that a session is made of before its first sealed message, so that another process can go on with it.
struct session_keys
{
    secret_128 session_key; ///< ExportedSessionKey
    protection agreed = protection::none;
    bool key_exchange = false;       ///< checksums are encrypted
    std::uint32_t sent = 0, got = 0; ///< sequence numbers: 1 if that side's mechListMIC has gone
};

/// One end. A message that fails to open ends it: the key stream is out of step from there on, so the connection must
/// be closed. Not for several threads at a time.
class session
{
public:
    session(role self, session_keys keys);

    /// Encrypts in place. false: sealing was not agreed, the session is broken, or 2^32 messages were sent; then
    /// nothing was changed.
    [[nodiscard]] bool seal(std::span<char> message, signature& out);
    /// Checks and decrypts in place. false: a wrong signature, a message twice, out of order or left out, or not
    /// agreed; then the session is broken and the message is gone (zeros).
    [[nodiscard]] bool unseal(std::span<char> message, base::bytes_view signature);

    /// Signature of a mechListMIC: takes a sequence number, but leaves the key stream where it was (MS-SPNG 3.3.5.1).
    /// Only before the first sealed message; after it, and when broken, nullopt. Where signatures were not agreed this
    /// is the constant of 3.4.4.3, which proves nothing.
    [[nodiscard]] std::optional<signature> sign(base::bytes_view data);
    /// The other side's. false breaks the session.
    [[nodiscard]] bool verify(base::bytes_view data, base::bytes_view signature);

    [[nodiscard]] protection agreed() const noexcept { return agreed_; }
    /// Sequence number of the next message to be opened.
    [[nodiscard]] std::uint32_t expected() const noexcept { return in_.next; }
    [[nodiscard]] bool broken() const noexcept { return stage_ == stage::broken; }

    /// Hands the session over to another process; this end is broken afterwards. nullopt after the first sealed
    /// message.
    [[nodiscard]] std::optional<session_keys> hand_over();

private:
    enum class stage {
        fresh,  ///< only mechListMICs so far
        sealed, ///< a message was sealed or opened
        broken
    };
    struct direction
    {
        direction(const secret_128& session_key, role sender, std::uint32_t next);
        crypto::hmac_md5_stream mac;
        crypto::rc4 cipher;
        std::uint32_t next; ///< sequence number
        bool used_up = false;
    };
    static signature make_signature(direction& side, const secret_128& digest, bool encrypt);
    static void take_number(direction& side);

    secret_128 session_key_; ///< only for hand_over
    protection agreed_;
    bool key_exchange_;
    stage stage_ = stage::fresh;
    direction out_, in_;
};

} // namespace winrm::auth::ntlm
