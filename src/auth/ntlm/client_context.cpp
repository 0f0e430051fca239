#include "auth/ntlm/client_context.h"

#include "auth/ntlm/flags.h"
#include "auth/ntlm/little_endian.h"
#include "auth/ntlm/message.h"
#include "base/text.h"

#include <limits>

namespace winrm::auth::ntlm {
namespace {

constexpr std::size_t max_field = std::numeric_limits<std::uint16_t>::max();
constexpr std::size_t max_name = 1024; // bytes of UTF-8

/// Pairs that say what the client thinks; the host's own of this kind are not repeated.
bool is_clients(av_id id) noexcept
{
    return id == av_id::flags || id == av_id::single_host || id == av_id::target_name || id == av_id::channel_bindings;
}

bool to_wide(const std::string& text, base::bytes& out)
{
    if (text.size() > max_name) return false;
    auto wide = base::utf8_to_utf16(text, base::utf16_order::little);
    if (!wide) return false;
    out = std::move(*wide);
    return true;
}

} // namespace

client_context::client_context(client_login login, client_random random)
    : login_(std::move(login)), random_(std::move(random))
{}

step_result client_context::step(base::bytes_view token, std::uint64_t now)
{
    if (stage_ == stage::start && token.empty()) return begin();
    if (stage_ == stage::negotiating) return answer(token, now);
    return refuse(failure::out_of_order);
}

step_result client_context::refuse(failure reason)
{
    stage_ = stage::ended;
    login_.nt_hash.clear();
    random_.session_key.clear();
    return failed(reason);
}

step_result client_context::begin()
{
    if (!crypto::md5_available()) return refuse(failure::unavailable);
    if (login_.user.empty()) return refuse(failure::anonymous);
    if (!to_wide(login_.user, user_) || !to_wide(login_.domain, domain_) ||
        !to_wide(login_.workstation, workstation_) || !to_wide(login_.target_name, target_name_))
        return refuse(failure::bad_name);
    stage_ = stage::negotiating;
    negotiate_ = write(negotiate_message{flag::ours});
    return {step_state::more, negotiate_, failure::none};
}

/// The host's list as it came, with our pairs (3.1.5.1.2). nullopt if that is more than a field can hold.
std::optional<base::bytes> client_context::proof_pairs(const av_pairs& theirs) const
{
    base::bytes out;
    for (const av_pair& pair : theirs.all()) {
        if (!is_clients(pair.id)) add_av_pair(out, pair.id, pair.value);
    }
    std::uint32_t flags = theirs.flags() & ~(av_flag::mic_present | av_flag::target_name_unverified);
    if (theirs.timestamp()) flags |= av_flag::mic_present;
    if (login_.target_name_unverified && !target_name_.empty()) flags |= av_flag::target_name_unverified;
    base::bytes value;
    put_number<4>(value, flags);
    if (flags != 0) add_av_pair(out, av_id::flags, value);
    const secret_128 binding =
        login_.channel_binding.empty() ? secret_128() : channel_binding_hash(login_.channel_binding);
    add_av_pair(out, av_id::channel_bindings, binding.reveal());
    add_av_pair(out, av_id::target_name, target_name_);
    add_av_pair(out, av_id::eol, {});
    constexpr std::size_t around = 16 + 28 + 4; // NTProofStr, the challenge before the list, zeros behind it
    if (out.size() + around > max_field) return std::nullopt;
    return out;
}

step_result client_context::answer(base::bytes_view token, std::uint64_t now)
{
    challenge_message challenge;
    if (const failure bad = read(token, challenge); bad != failure::none) return refuse(bad);
    constexpr std::uint32_t needed = flag::unicode | flag::sealed;
    if (!flag::has(challenge.flags, needed)) return refuse(failure::weak);
    if (challenge.target_info.empty()) return refuse(failure::no_target_info);
    const auto theirs = av_pairs::read(challenge.target_info);
    if (!theirs) return refuse(failure::malformed);
    const auto timestamp = theirs->timestamp();
    if (!timestamp && login_.require_timestamp) return refuse(failure::no_timestamp);
    const auto pairs = proof_pairs(*theirs);
    if (!pairs) return refuse(failure::malformed);
    host_ = {theirs->name(av_id::nb_computer_name), theirs->name(av_id::nb_domain_name),
             theirs->name(av_id::dns_computer_name), theirs->name(av_id::dns_domain_name)};

    const secret_128 key = response_key(login_.nt_hash, user_, domain_);
    login_.nt_hash.clear();
    const base::bytes temp = client_challenge(timestamp.value_or(now), random_.challenge, *pairs);
    const secret_128 nt_proof = proof(key, challenge.server_challenge, temp);
    const base::bytes nt_response = base::bytes(nt_proof.reveal()) + temp;
    // With a timestamp no host needs the LM response, and it is the weaker of the two.
    const base::bytes lm_response =
        timestamp ? base::bytes(24, '\0') : lmv2_response(key, challenge.server_challenge, random_.challenge);
    const secret_128 encrypted = exchange_key(session_base_key(key, nt_proof), random_.session_key);

    mic_sent_ = timestamp.has_value();
    authenticate_message message{lm_response,
                                 nt_response,
                                 domain_,
                                 user_,
                                 workstation_,
                                 encrypted.reveal(),
                                 challenge.flags & flag::ours,
                                 mic_sent_ ? mic_offset : 0};
    base::bytes out = write(message);
    if (mic_sent_) {
        const secret_128 mic = message_integrity(random_.session_key, negotiate_, token, out);
        out.replace(mic_offset, mic_size, mic.reveal());
    }
    stage_ = stage::ended;
    keys_ = session_keys{std::move(random_.session_key), protection::sealing, true};
    return {step_state::done, std::move(out), failure::none};
}

std::optional<session> client_context::take_session()
{
    if (!keys_) return std::nullopt;
    session out(role::client, std::move(*keys_));
    keys_.reset();
    return out;
}

} // namespace winrm::auth::ntlm
