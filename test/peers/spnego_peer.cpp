// MIT's SPNEGO as the other end of our Negotiate, with Kerberos in both. spnego_peer CASE; test_spnego.py has a
// throw-away KDC.
#include "auth/krb5/seal.h"
#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"

#include "peers/gss_peer.h"

#include <gssapi/gssapi.h>

#include <algorithm>
#include <iostream>
#include <optional>

namespace {

using namespace winrm::auth;
using peer::must;

gss_OID_desc spnego_mechanism{6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};

/// Kerberos by MIT's library behind our interface.
class gss_mechanism final : public login_mechanism
{
public:
    explicit gss_mechanism(bool initiates) : context_(initiates, peer::krb5_mechanism(), peer::usual_flags) {}

    [[nodiscard]] leg step(winrm::base::bytes_view token) override
    {
        std::string answer = context_.step(std::string(token));
        return {context_.done ? leg_state::done : leg_state::go_on, std::move(answer)};
    }
    [[nodiscard]] winrm::base::bytes sign_mechlist(winrm::base::bytes_view list) override
    {
        OM_uint32 minor = 0;
        std::string text(list);
        gss_buffer_desc in = peer::buffer(text), out = GSS_C_EMPTY_BUFFER;
        must(gss_get_mic(&minor, context_.value, GSS_C_QOP_DEFAULT, &in, &out), minor, "gss_get_mic");
        ++signed_;
        return peer::taken(out);
    }
    [[nodiscard]] bool verify_mechlist(winrm::base::bytes_view list, winrm::base::bytes_view mic) override
    {
        OM_uint32 minor = 0;
        std::string text(list), code(mic);
        gss_buffer_desc in = peer::buffer(text), code_in = peer::buffer(code);
        ++verified_;
        return gss_verify_mic(&minor, context_.value, &in, &code_in, nullptr) == GSS_S_COMPLETE;
    }
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override
    {
        OM_uint32 minor = 0;
        void* exported = nullptr;
        must(gss_krb5_export_lucid_sec_context(&minor, &context_.value, 1, &exported), minor, "export");
        const auto* got = static_cast<const gss_krb5_lucid_context_v1_t*>(exported);
        must(got->protocol == 1 && got->cfx_kd.have_acceptor_subkey != 0, "not the context that was asked for");
        const auto& key = got->cfx_kd.acceptor_subkey;
        krb5::context_values values;
        values.enctype = static_cast<std::int32_t>(key.type);
        values.key = winrm::base::secret(std::string(static_cast<const char*>(key.data), key.length));
        values.acceptor_subkey = true;
        values.own = got->initiate != 0 ? krb5::role::initiator : krb5::role::acceptor;
        values.send_sequence = got->send_seq;
        // MIT counts what it sent, but says the first number it expected: a MIC that was verified has used one up.
        values.receive_sequence = got->recv_seq + static_cast<std::uint64_t>(verified_);
        gss_krb5_free_lucid_sec_context(&minor, exported);
        return krb5::make_sealer(values, [](std::span<unsigned char> out) { std::fill(out.begin(), out.end(), 7); });
    }
    [[nodiscard]] int mics() const noexcept { return signed_ + verified_; }

private:
    peer::context context_;
    int signed_ = 0, verified_ = 0;
};

/// NTLM that can begin and no more: the favourite that the host has not.
class begins_only final : public login_mechanism
{
public:
    [[nodiscard]] leg step(winrm::base::bytes_view) override
    {
        return {leg_state::go_on, std::string("NTLMSSP\0\1\0\0\0", 12)};
    }
    [[nodiscard]] winrm::base::bytes sign_mechlist(winrm::base::bytes_view) override { return {}; }
    [[nodiscard]] bool verify_mechlist(winrm::base::bytes_view, winrm::base::bytes_view) override { return false; }
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override { return nullptr; }
};

void exchange(message_sealer& ours, gss_ctx_id_t mit)
{
    OM_uint32 minor = 0;
    const std::string clear = "a text both ways";
    for (int turn = 0; turn < 3; ++turn) {
        std::string token = std::string(ours.room(clear.size()).header, '\0') + clear;
        must(ours.seal(token), "seal");
        gss_buffer_desc in = peer::buffer(token), out = GSS_C_EMPTY_BUFFER;
        const OM_uint32 major = gss_unwrap(&minor, mit, &in, &out, nullptr, nullptr);
        must(major, minor, "gss_unwrap");
        must(major == GSS_S_COMPLETE && peer::taken(out) == clear, "gss_unwrap: sequence or text");
        std::string text = clear;
        in = peer::buffer(text);
        must(gss_wrap(&minor, mit, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
        std::string back = peer::taken(out);
        const unsealed got = ours.unseal(back);
        must(got.failed == seal_failure::none, "unseal: " + std::string(name(got.failed)));
    }
}

/// The offers; `kerberos` points to the mechanism inside.
std::vector<spnego::offer> offers(bool initiates, bool ntlm_first, gss_mechanism*& kerberos)
{
    auto made = std::make_unique<gss_mechanism>(initiates);
    kerberos = made.get();
    std::vector<spnego::offer> out;
    if (ntlm_first) out.push_back({mechanism_kind::ntlm, std::make_unique<begins_only>()});
    out.push_back({mechanism_kind::kerberos, std::move(made)});
    return out;
}

void our_initiator(bool ntlm_first)
{
    gss_mechanism* kerberos = nullptr;
    spnego::initiator ours(offers(true, ntlm_first, kerberos));
    peer::context mit(false, &spnego_mechanism, 0);
    std::string token;
    for (;;) {
        const spnego::negotiate_leg got = ours.step(token);
        must(got.state != leg_state::failed, "ours failed: " + std::string(name(got.failed)));
        if (!got.token.empty()) token = mit.step(got.token);
        if (got.state == leg_state::done) break;
    }
    must(mit.done, "MIT is not done");
    must((kerberos->mics() == 2) == ntlm_first, "a list signed that need not be, or not signed");
    const auto sealer = ours.take_sealer();
    must(sealer != nullptr, "no sealer");
    exchange(*sealer, mit.value);
}

void our_acceptor(bool raw)
{
    gss_mechanism* kerberos = nullptr;
    spnego::acceptor ours(offers(false, false, kerberos));
    peer::context mit(true, raw ? peer::krb5_mechanism() : &spnego_mechanism, peer::usual_flags);
    std::string token = mit.step({});
    spnego::negotiate_leg got;
    while (!token.empty()) {
        got = ours.step(token);
        must(got.state != leg_state::failed, "ours failed: " + std::string(name(got.failed)));
        if (got.token.empty()) break;
        token = mit.step(got.token);
    }
    must(mit.done && got.state == leg_state::done, "not both are done");
    must(ours.raw() == raw, "raw or not");
    const auto sealer = ours.take_sealer();
    must(sealer != nullptr, "no sealer");
    exchange(*sealer, mit.value);
}

} // namespace

int main(int argc, char** argv)
{
    try {
        const std::string what = argc == 2 ? argv[1] : "";
        if (what == "initiator") our_initiator(false);
        else if (what == "initiator_ntlm_first") our_initiator(true);
        else if (what == "acceptor") our_acceptor(false);
        else if (what == "acceptor_raw") our_acceptor(true);
        else must(false, "usage: spnego_peer initiator|initiator_ntlm_first|acceptor|acceptor_raw");
    } catch (const std::exception& e) {
        std::cerr << "spnego_peer: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
