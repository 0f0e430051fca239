// gss-ntlmssp as the other end of our NTLM: inside MIT's SPNEGO, and raw. ntlm_peer CASE; test/support/gss.py has the
// accounts and says which mechanisms MIT's library has.
#include "auth/ntlm/mechanism.h"
#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"

#include "peers/gss_peer.h"

#include <gssapi/gssapi.h>

#include <chrono>
#include <iostream>
#include <map>
#include <random>

namespace {

using namespace winrm::auth;
using peer::must;

constexpr const char* user = "ada";
constexpr const char* domain = "CORP";
const std::string password = "Pa55wörd";

gss_OID_desc spnego_mechanism{6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};
gss_OID_desc ntlm_mechanism{10, const_cast<char*>("\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a")};

/// One end of a login by MIT's SPNEGO over gss-ntlmssp, or by gss-ntlmssp alone.
class ntlm_context
{
public:
    ntlm_context(bool initiates, bool raw)
        : initiates_(initiates), mechanism_(raw ? &ntlm_mechanism : &spnego_mechanism)
    {
        OM_uint32 minor = 0;
        // A credential from a store without a name of its own makes gss-ntlmssp 1.2.0's acceptor crash, whatever the
        // token.
        std::string own = initiates ? std::string(domain) + "\\" + user : "HTTP@localhost", service = "HTTP@localhost";
        gss_buffer_desc text = peer::buffer(own), target = peer::buffer(service);
        gss_name_t name = GSS_C_NO_NAME;
        must(gss_import_name(&minor, &text, initiates ? GSS_C_NT_USER_NAME : GSS_C_NT_HOSTBASED_SERVICE, &name), minor,
             "own name");
        must(gss_import_name(&minor, &target, GSS_C_NT_HOSTBASED_SERVICE, &service_), minor, "service name");
        gss_OID_set_desc mechanisms{1, mechanism_};
        if (initiates) {
            std::string secret = password;
            gss_buffer_desc given = peer::buffer(secret);
            must(gss_acquire_cred_with_password(&minor, name, &given, GSS_C_INDEFINITE, &mechanisms, GSS_C_INITIATE,
                                                &own_, nullptr, nullptr),
                 minor, "gss_acquire_cred_with_password");
        } else {
            must(gss_acquire_cred(&minor, name, GSS_C_INDEFINITE, &mechanisms, GSS_C_ACCEPT, &own_, nullptr, nullptr),
                 minor, "gss_acquire_cred");
        }
        gss_release_name(&minor, &name);
    }
    ntlm_context(const ntlm_context&) = delete;
    ntlm_context& operator=(const ntlm_context&) = delete;
    ~ntlm_context()
    {
        OM_uint32 minor = 0;
        gss_delete_sec_context(&minor, &value, nullptr);
        gss_release_cred(&minor, &own_);
        gss_release_name(&minor, &service_);
    }

    std::string step(std::string token)
    {
        OM_uint32 minor = 0;
        gss_buffer_desc in = peer::buffer(token), out = GSS_C_EMPTY_BUFFER;
        constexpr OM_uint32 flags = GSS_C_REPLAY_FLAG | GSS_C_SEQUENCE_FLAG | GSS_C_CONF_FLAG | GSS_C_INTEG_FLAG;
        const OM_uint32 major = initiates_ ? gss_init_sec_context(&minor, own_, &value, service_, mechanism_, flags, 0,
                                                                  nullptr, &in, nullptr, &out, nullptr, nullptr)
                                           : gss_accept_sec_context(&minor, &value, own_, &in, nullptr, nullptr,
                                                                    nullptr, &out, nullptr, nullptr, nullptr);
        std::string answer = peer::taken(out);
        must(major, minor, initiates_ ? "gss_init_sec_context" : "gss_accept_sec_context");
        done = major == GSS_S_COMPLETE;
        return answer;
    }

    gss_ctx_id_t value = GSS_C_NO_CONTEXT;
    bool done = false;

private:
    bool initiates_;
    gss_OID mechanism_;
    gss_cred_id_t own_ = GSS_C_NO_CREDENTIAL;
    gss_name_t service_ = GSS_C_NO_NAME;
};

void random_bytes(std::span<unsigned char> out)
{
    static std::random_device device;
    for (unsigned char& c : out) c = static_cast<unsigned char>(device());
}

std::uint64_t filetime()
{
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return 116'444'736'000'000'000U +
           static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(since_1970).count()) * 10;
}

std::unique_ptr<ntlm::client_mechanism> our_client(const std::string& with)
{
    ntlm::client_login login;
    login.user = user;
    login.domain = domain;
    login.nt_hash = *ntlm::nt_hash(with);
    login.target_name = "HTTP/localhost";
    return std::make_unique<ntlm::client_mechanism>(std::move(login), random_bytes, filetime);
}

std::unique_ptr<ntlm::server_mechanism> our_server()
{
    ntlm::server_options options;
    options.nb_computer = "HOST";
    options.nb_domain = domain;
    options.binding = ntlm::binding_policy::relaxed;
    return std::make_unique<ntlm::server_mechanism>(std::move(options), random_bytes, filetime);
}

void exchange(message_sealer* ours, gss_ctx_id_t theirs)
{
    must(ours != nullptr, "no sealer");
    OM_uint32 minor = 0;
    for (int turn = 0; turn < 1000; ++turn) {
        std::string clear(static_cast<std::size_t>(1 + turn * 7 % 2003), static_cast<char>('a' + turn % 26));
        std::string token = std::string(ours->room(clear.size()).header, '\0') + clear;
        must(ours->seal(token), "seal");
        gss_buffer_desc in = peer::buffer(token), out = GSS_C_EMPTY_BUFFER;
        must(gss_unwrap(&minor, theirs, &in, &out, nullptr, nullptr), minor, "gss_unwrap");
        must(peer::taken(out) == clear, "gss_unwrap: another text");
        for (int back = 0; back <= turn % 2; ++back) {
            std::string text = clear;
            in = peer::buffer(text);
            must(gss_wrap(&minor, theirs, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
            std::string got = peer::taken(out);
            const unsealed opened = ours->unseal(got);
            must(opened.failed == seal_failure::none, "unseal: " + std::string(name(opened.failed)));
            must(std::string_view(opened.clear.data(), opened.clear.size()) == clear, "unseal: another text");
        }
    }
}

/// Kerberos that can begin and no more: the favourite that the host has not.
class begins_only final : public login_mechanism
{
public:
    [[nodiscard]] leg step(winrm::base::bytes_view) override { return {leg_state::go_on, "AP-REQ"}; }
    [[nodiscard]] winrm::base::bytes sign_mechlist(winrm::base::bytes_view) override { return {}; }
    [[nodiscard]] bool verify_mechlist(winrm::base::bytes_view, winrm::base::bytes_view) override { return false; }
    [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override { return nullptr; }
};

void our_initiator(bool kerberos_first)
{
    std::vector<spnego::offer> offers;
    if (kerberos_first) offers.push_back({mechanism_kind::kerberos, std::make_unique<begins_only>()});
    offers.push_back({mechanism_kind::ntlm, our_client(password)});
    spnego::initiator ours(std::move(offers));
    ntlm_context theirs(false, false);
    std::string token;
    for (;;) {
        const spnego::negotiate_leg got = ours.step(token);
        must(got.state != leg_state::failed, "ours failed: " + std::string(name(got.failed)));
        if (!got.token.empty()) token = theirs.step(got.token);
        if (got.state == leg_state::done) break;
    }
    must(theirs.done, "theirs is not done");
    must((ours.passed_over() == login_failure::host_chose_other) == kerberos_first, "not the one that was expected");
    exchange(ours.take_sealer().get(), theirs.value);
}

void our_initiator_raw()
{
    const auto ours = our_client(password);
    ntlm_context theirs(false, true);
    const leg proof = ours->step(theirs.step(ours->step({}).token));
    must(proof.state == leg_state::done, "ours failed: " + std::string(words(ours->reason())));
    theirs.step(proof.token);
    must(theirs.done, "theirs is not done");
    exchange(ours->take_sealer().get(), theirs.value);
}

void our_acceptor(bool raw)
{
    auto made = our_server();
    ntlm::server_mechanism& mechanism = *made;
    std::vector<spnego::offer> offers;
    offers.push_back({mechanism_kind::ntlm, std::move(made)});
    spnego::acceptor ours(std::move(offers));
    ntlm_context theirs(true, raw);
    std::string token = theirs.step({});
    spnego::negotiate_leg got;
    while (!token.empty()) {
        got = ours.step(token);
        if (got.state == leg_state::waiting) {
            must(mechanism.account().user == user && mechanism.account().domain == domain, "another account");
            mechanism.answer({ntlm::account_answer::kind::nt_hash, *ntlm::nt_hash(password)});
            got = ours.resume();
        }
        must(got.state != leg_state::failed,
             "ours failed: " + std::string(name(got.failed)) + ", " + std::string(words(mechanism.reason())));
        if (got.token.empty()) break;
        token = theirs.step(got.token);
    }
    must(theirs.done && got.state == leg_state::done, "not both are done");
    must(ours.raw() == raw, "raw or not");
    must(mechanism.client().mic == !raw, "gss-ntlmssp sends a MIC inside SPNEGO alone");
    exchange(ours.take_sealer().get(), theirs.value);
}

void wrong_password()
{
    std::vector<spnego::offer> offers;
    offers.push_back({mechanism_kind::ntlm, our_client("another")});
    spnego::initiator ours(std::move(offers));
    ntlm_context theirs(false, false);
    const spnego::negotiate_leg proof = ours.step(theirs.step(ours.step({}).token));
    must(proof.state == leg_state::go_on, "ours did not answer the challenge");
    try {
        theirs.step(proof.token);
    } catch (const std::runtime_error&) {
        return;
    }
    must(false, "a wrong password was taken");
}

/// MB/s of our sealing, theirs, our opening, theirs. gss-ntlmssp cannot seal in place (gss_wrap_iov is not there).
void bench()
{
    constexpr std::size_t size = 500'000;
    const auto client = our_client(password);
    ntlm_context theirs(false, true);
    theirs.step(client->step(theirs.step(client->step({}).token)).token);
    const auto ours = client->take_sealer();
    must(ours != nullptr, "no sealer");

    OM_uint32 minor = 0;
    std::string clear(size, 'x'), token(ours->room(size).header + size, 'x');
    std::vector<std::string> for_us, for_them;
    gss_buffer_desc in = peer::buffer(clear), out = GSS_C_EMPTY_BUFFER;
    const double they_seal = peer::speed(size, [&] {
        must(gss_wrap(&minor, theirs.value, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
        for_us.push_back(peer::taken(out));
    });
    const double we_seal = peer::speed(size, [&] {
        must(ours->seal(token), "seal");
        for_them.push_back(token);
    });
    std::size_t next = 0;
    const double we_open =
        peer::speed(size, [&] { must(ours->unseal(for_us[next++]).failed == seal_failure::none, "unseal"); });
    next = 0;
    const double they_open = peer::speed(size, [&] {
        in = peer::buffer(for_them[next++]);
        must(gss_unwrap(&minor, theirs.value, &in, &out, nullptr, nullptr), minor, "gss_unwrap");
        gss_release_buffer(&minor, &out);
    });
    std::cout << we_seal << ' ' << they_seal << ' ' << we_open << ' ' << they_open << '\n';
}

} // namespace

int main(int argc, char** argv)
{
    const std::map<std::string, void (*)()> cases{{"initiator", [] { our_initiator(false); }},
                                                  {"initiator_kerberos_first", [] { our_initiator(true); }},
                                                  {"initiator_raw", our_initiator_raw},
                                                  {"acceptor", [] { our_acceptor(false); }},
                                                  {"acceptor_raw", [] { our_acceptor(true); }},
                                                  {"wrong_password", wrong_password},
                                                  {"bench", bench}};
    const auto found = argc == 2 ? cases.find(argv[1]) : cases.end();
    if (found == cases.end()) {
        std::cerr << "usage: ntlm_peer "
                     "initiator|initiator_kerberos_first|initiator_raw|acceptor|acceptor_raw|wrong_password|bench\n";
        return 2;
    }
    try {
        found->second();
    } catch (const std::exception& e) {
        std::cerr << "ntlm_peer: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
