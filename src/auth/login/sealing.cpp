#include "auth/login/sealing.h"

#include "auth/ntlm/sealer.h"

#include "crypto/md5.h"

#include <type_traits>
#include <utility>
#include <vector>

namespace winrm::auth {
namespace {

// NTLM:     role, key exchange (1 byte each), sent, got (4 each), key (16)
// Kerberos: role, protocol, acceptor's subkey (1 each), enctype (4), send, receive (8 each), key (the rest)
// Numbers little endian. Both ends are the same version of the same program.
constexpr std::size_t ntlm_size = 2 + 4 + 4 + 16;
constexpr std::size_t kerberos_head = 3 + 4 + 8 + 8;

template <class Number> void put(std::string& out, Number value)
{
    const auto bits = static_cast<std::make_unsigned_t<Number>>(value);
    for (std::size_t i = 0; i < sizeof bits; ++i)
        out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> (8 * i))));
}

/// Precondition: there are as many bytes. Takes them.
template <class Number> Number get(base::bytes_view& from)
{
    std::make_unsigned_t<Number> bits = 0;
    for (std::size_t i = 0; i < sizeof bits; ++i)
        bits |= static_cast<std::make_unsigned_t<Number>>(static_cast<unsigned char>(from[i])) << (8 * i);
    from.remove_prefix(sizeof bits);
    return static_cast<Number>(bits);
}

std::unique_ptr<message_sealer> ntlm_sealer(base::bytes_view blob)
{
    if (blob.size() != ntlm_size) return nullptr;
    const auto role = get<unsigned char>(blob);
    const auto key_exchange = get<unsigned char>(blob);
    if (role > 1 || key_exchange > 1) return nullptr;
    ntlm::session_keys keys;
    keys.agreed = ntlm::protection::sealing;
    keys.key_exchange = key_exchange == 1;
    keys.sent = get<std::uint32_t>(blob);
    keys.got = get<std::uint32_t>(blob);
    keys.session_key = ntlm::secret_128(blob);
    return std::make_unique<ntlm::sealer>(
        ntlm::session(role == 0 ? ntlm::role::client : ntlm::role::server, std::move(keys)));
}

std::unique_ptr<message_sealer> kerberos_sealer(base::bytes_view blob, random_source random)
{
    if (blob.size() <= kerberos_head) return nullptr;
    const auto role = get<unsigned char>(blob);
    krb5::context_values values;
    values.protocol = get<unsigned char>(blob);
    const auto subkey = get<unsigned char>(blob);
    if (role > 1 || subkey > 1) return nullptr;
    values.own = role == 0 ? krb5::role::initiator : krb5::role::acceptor;
    values.acceptor_subkey = subkey == 1;
    values.enctype = get<std::int32_t>(blob);
    values.send_sequence = get<std::uint64_t>(blob);
    values.receive_sequence = get<std::uint64_t>(blob);
    values.key = base::secret(std::string(blob));
    return krb5::make_sealer(values, std::move(random));
}

} // namespace

sealing_keys pack(const ntlm::session_keys& keys, ntlm::role own)
{
    if (keys.agreed != ntlm::protection::sealing) return {};
    std::string out;
    out.reserve(ntlm_size); // the key is in no buffer that was outgrown
    out.push_back(own == ntlm::role::client ? '\0' : '\1');
    out.push_back(keys.key_exchange ? '\1' : '\0');
    put(out, keys.sent);
    put(out, keys.got);
    out.append(keys.session_key.reveal());
    return {sealing_keys::kind::ntlm, base::secret(std::move(out))};
}

sealing_keys pack(const krb5::context_values& values)
{
    const base::bytes_view key = values.key.reveal();
    if (key.empty() || kerberos_head + key.size() > sealing_keys::max_blob) return {};
    std::string out;
    out.reserve(kerberos_head + key.size());
    out.push_back(values.own == krb5::role::initiator ? '\0' : '\1');
    out.push_back(static_cast<char>(values.protocol));
    out.push_back(values.acceptor_subkey ? '\1' : '\0');
    put(out, values.enctype);
    put(out, values.send_sequence);
    put(out, values.receive_sequence);
    out.append(key);
    return {sealing_keys::kind::kerberos, base::secret(std::move(out))};
}

std::unique_ptr<message_sealer> make_sealer(const sealing_keys& keys, random_source random)
{
    switch (keys.what) {
    case sealing_keys::kind::none: break;
    case sealing_keys::kind::ntlm: return ntlm_sealer(keys.blob.reveal());
    case sealing_keys::kind::kerberos: return kerberos_sealer(keys.blob.reveal(), std::move(random));
    }
    return nullptr;
}

void prepare_sealers()
{
    (void)crypto::md5_available();
    ntlm::session_keys keys;
    keys.agreed = ntlm::protection::sealing;
    keys.key_exchange = true;
    std::vector<std::unique_ptr<message_sealer>> all;
    if (crypto::md5_available()) all.push_back(make_sealer(pack(keys, ntlm::role::server), {}));
    for (const std::int32_t type : {17, 18, 19, 20, 23}) {
        krb5::context_values values;
        values.enctype = type;
        values.protocol = type == 23 ? 0 : 1;
        values.key = base::secret(std::string(krb5::key_size(static_cast<krb5::enctype>(type)), 'k'));
        all.push_back(make_sealer(pack(values), [](std::span<unsigned char>) {}));
    }
    for (const auto& one : all) {
        if (!one) continue;
        const seal_room room = one->room(1);
        std::string token(room.header + 1 + room.pad, '\0');
        (void)one->seal(token);
    }
}

} // namespace winrm::auth
