#include "auth/ntlm/sealer.h"

#include "auth/ntlm/little_endian.h"
#include "base/secret.h"

#include <algorithm>

namespace winrm::auth::ntlm {

seal_room sealer::room(std::size_t) const noexcept { return {signature_size, 0}; }

bool sealer::seal(std::span<char> token)
{
    signature made;
    if (token.size() < signature_size || !session_.seal(token.subspan(signature_size), made)) return false;
    std::copy(made.begin(), made.end(), token.begin());
    return true;
}

unsealed sealer::unseal(std::span<char> token)
{
    if (session_.broken()) return {seal_failure::dead, {}, 0};
    const base::bytes_view head(token.data(), std::min(token.size(), signature_size));
    const auto clear = token.subspan(head.size());
    // Why it will not open is only looked at beforehand: the session decides, and breaks.
    seal_failure reason = seal_failure::bad_mac;
    if (head.size() < signature_size) reason = seal_failure::malformed;
    else if (get_u32(head) != 1) reason = seal_failure::wrong_token;
    else if (get_u32(head.substr(12)) != session_.expected()) reason = seal_failure::out_of_sequence;
    if (session_.unseal(clear, head)) return {seal_failure::none, clear, 0};
    base::wipe(token.data(), token.size());
    return {reason, {}, 0};
}

} // namespace winrm::auth::ntlm
