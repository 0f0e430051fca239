// Our host's Kerberos against our client and MIT's: acceptor_peer KEY=VALUE… ; test_acceptor.py has a throw-away KDC.
//   client=ours|mit   shape=raw|spnego|mic (a list whose favourite the host has not)   enctype=N (mit)
//   service=HTTP/host   services=HTTP,host   channel=TEXT host_channel=TEXT policy=none|relaxed|strict
//   flags=delegate,cache,no_mutual,dce   bend=replay|cut|flip|all (each byte, each length: none may be taken)
// Prints "sealed …" with what is known of the client, or the reason of the failure and the library's words.
#include "auth/spnego/acceptor.h"
#include "auth/spnego/initiator.h"
#include "gss/kerberos_acceptor.h"
#include "gss/kerberos_initiator.h"
#include "gss/local_name.h"

#include "peers/gss_peer.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>

namespace {

using namespace winrm::auth;
using peer::must;
using options = std::map<std::string, std::string>;

gss_OID_desc spnego_mechanism{6, const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};

void count_up(std::span<unsigned char> out)
{
    static unsigned char next = 0;
    for (unsigned char& byte : out) byte = ++next;
}

bool has(const options& given, const char* key, const std::string& word)
{
    const auto at = given.find(key);
    return at != given.end() && ("," + at->second + ",").find("," + word + ",") != std::string::npos;
}
std::string value(const options& given, const char* key, std::string otherwise = {})
{
    const auto at = given.find(key);
    return at == given.end() ? otherwise : at->second;
}

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

/// The client's end, whoever made it.
class client
{
public:
    virtual ~client() = default;
    virtual std::string step(const std::string& token) = 0;
    virtual void exchange(message_sealer& host) = 0;
};

std::string seal(message_sealer& with, const std::string& clear)
{
    const seal_room room = with.room(clear.size());
    std::string token = std::string(room.header, '\0') + clear + std::string(room.pad, '\0');
    must(with.seal(token), "seal");
    return token;
}
void unseal(message_sealer& with, std::string token, const std::string& clear)
{
    const unsealed got = with.unseal(token);
    must(got.failed == seal_failure::none && std::string(got.clear.data(), got.clear.size()) == clear,
         "unseal: " + std::string(name(got.failed)));
}

class our_client final : public client
{
public:
    our_client(const options& given, const std::string& shape)
    {
        winrm::gss::kerberos_login login;
        login.service = value(given, "service", "HTTP/host.winrm.test");
        login.keytab = "FILE:" + peer::environment("PEER_CLIENT_KEYTAB");
        login.channel_binding = value(given, "channel");
        login.delegate = has(given, "flags", "delegate");
        // The environment's cache may have a forwardable ticket, or another clock.
        if (login.delegate || has(given, "flags", "cache")) login.keytab.clear();
        auto made = std::make_unique<winrm::gss::kerberos_initiator>(std::move(login), count_up);
        if (shape == "raw") {
            raw_ = std::move(made);
            return;
        }
        std::vector<spnego::offer> offers;
        if (shape == "mic") offers.push_back({mechanism_kind::ntlm, std::make_unique<begins_only>()});
        offers.push_back({mechanism_kind::kerberos, std::move(made)});
        negotiate_ = std::make_unique<spnego::initiator>(std::move(offers));
    }
    std::string step(const std::string& token) override
    {
        if (raw_) {
            const leg got = raw_->step(token);
            must(got.state != leg_state::failed, "client: " + std::string(name(got.failed)) + " " + got.words);
            return got.token;
        }
        const spnego::negotiate_leg got = negotiate_->step(token);
        must(got.state != leg_state::failed, "client: " + std::string(name(got.failed)) + " " + negotiate_->words());
        return got.token;
    }
    void exchange(message_sealer& host) override
    {
        const auto own = raw_ ? raw_->take_sealer() : negotiate_->take_sealer();
        must(own != nullptr, "the client has no sealer");
        for (int turn = 0; turn < 3; ++turn) {
            unseal(host, seal(*own, "a request"), "a request");
            unseal(*own, seal(host, "an answer"), "an answer");
        }
    }

private:
    std::unique_ptr<winrm::gss::kerberos_initiator> raw_;
    std::unique_ptr<spnego::initiator> negotiate_;
};

OM_uint32 flags_of(const options& given)
{
    OM_uint32 out = peer::usual_flags;
    if (has(given, "flags", "no_mutual")) out &= ~static_cast<OM_uint32>(GSS_C_MUTUAL_FLAG);
    if (has(given, "flags", "dce")) out |= GSS_C_DCE_STYLE;
    return out;
}

class mit_client final : public client
{
public:
    mit_client(const options& given, const std::string& shape)
        : context_(true, shape == "raw" ? peer::krb5_mechanism() : &spnego_mechanism, flags_of(given))
    {
        if (!given.contains("enctype")) return;
        OM_uint32 minor = 0;
        krb5_enctype wanted = std::stoi(given.at("enctype"));
        must(gss_krb5_set_allowable_enctypes(&minor, context_.own.value, 1, &wanted), minor, "enctypes");
    }
    std::string step(const std::string& token) override { return context_.step(token); }
    void exchange(message_sealer& host) override
    {
        OM_uint32 minor = 0;
        for (int turn = 0; turn < 3; ++turn) {
            std::string clear = "a request";
            gss_buffer_desc in = peer::buffer(clear), out = GSS_C_EMPTY_BUFFER;
            must(gss_wrap(&minor, context_.value, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
            unseal(host, peer::taken(out), clear);
            std::string token = seal(host, "an answer");
            in = peer::buffer(token);
            must(gss_unwrap(&minor, context_.value, &in, &out, nullptr, nullptr) == GSS_S_COMPLETE, "gss_unwrap");
            must(peer::taken(out) == "an answer", "another text");
        }
    }

private:
    peer::context context_;
};

/// The host's end: Negotiate over our acceptor, which takes raw tokens too.
struct host
{
    explicit host(winrm::gss::kerberos_acceptance how)
    {
        auto made = std::make_unique<winrm::gss::kerberos_acceptor>(std::move(how), count_up);
        kerberos = made.get();
        std::vector<spnego::offer> offers;
        offers.push_back({mechanism_kind::kerberos, std::make_unique<listening>(std::move(made), *this)});
        negotiate = std::make_unique<spnego::acceptor>(std::move(offers));
    }
    /// Keeps what Negotiate does not hand on.
    class listening final : public login_mechanism
    {
    public:
        listening(std::unique_ptr<login_mechanism> inner, host& outer) : inner_(std::move(inner)), outer_(outer) {}
        [[nodiscard]] leg step(winrm::base::bytes_view token) override
        {
            leg got = inner_->step(token);
            outer_.words = got.words;
            return got;
        }
        [[nodiscard]] winrm::base::bytes sign_mechlist(winrm::base::bytes_view list) override
        {
            return inner_->sign_mechlist(list);
        }
        [[nodiscard]] bool verify_mechlist(winrm::base::bytes_view list, winrm::base::bytes_view mic) override
        {
            return inner_->verify_mechlist(list, mic);
        }
        [[nodiscard]] std::unique_ptr<message_sealer> take_sealer() override { return inner_->take_sealer(); }

    private:
        std::unique_ptr<login_mechanism> inner_;
        host& outer_;
    };

    std::string words;
    winrm::gss::kerberos_acceptor* kerberos = nullptr;
    std::unique_ptr<spnego::acceptor> negotiate;
};

winrm::gss::kerberos_acceptance acceptance(const options& given)
{
    std::ifstream file(value(given, "keytab", peer::environment("PEER_KEYTAB")), std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    std::vector<std::string> services;
    std::istringstream list(value(given, "services", "HTTP"));
    for (std::string one; std::getline(list, one, ',');) services.push_back(one);
    auto keys = winrm::gss::acceptor_keys::load(bytes, services);
    must(keys.has_value(), keys ? "" : keys.error().message());
    winrm::gss::kerberos_acceptance out;
    out.keys = *keys;
    out.channel_binding = value(given, "host_channel");
    const std::string policy = value(given, "policy", "none");
    out.binding = policy == "strict"    ? binding_policy::strict
                  : policy == "relaxed" ? binding_policy::relaxed
                                        : binding_policy::none;
    return out;
}

void bend(std::string& token, const std::string& how)
{
    if (how == "cut") token.resize(token.size() / 2);
    if (how == "flip") token.back() = static_cast<char>(token.back() ^ 1);
}

/// None is taken for a login; where a bent one comes through, the same login was meant and it is known already.
void bend_all(const winrm::gss::kerberos_acceptance& how, const std::string& good)
{
    std::vector<std::string> tokens;
    for (std::size_t at = 0; at < good.size(); ++at) {
        tokens.push_back(good.substr(0, at));
        for (const unsigned char mask : {0x01, 0x80, 0xff}) {
            tokens.push_back(good);
            tokens.back()[at] = static_cast<char>(static_cast<unsigned char>(tokens.back()[at]) ^ mask);
        }
    }
    for (const std::string& token : tokens) {
        host ours(how);
        if (ours.negotiate->step(token).state != leg_state::done) continue;
        must(ours.negotiate->take_sealer() == nullptr && ours.kerberos->replayed(), "a bent login was taken");
    }
}

std::string log_in(const options& given)
{
    const winrm::gss::kerberos_acceptance how = acceptance(given);
    host ours(how);
    const std::string shape = value(given, "shape", "spnego");
    std::unique_ptr<client> theirs;
    if (value(given, "client", "ours") == "mit") theirs = std::make_unique<mit_client>(given, shape);
    else theirs = std::make_unique<our_client>(given, shape);
    std::string token = theirs->step({});
    const std::string first = token;
    bend(token, value(given, "bend"));
    spnego::negotiate_leg got;
    for (;;) {
        got = ours.negotiate->step(token);
        if (got.failed == spnego::negotiate_failure::mechanism_failed)
            return std::string(name(got.mechanism)) + ": " + ours.words;
        if (got.state == leg_state::failed) return "Negotiate: " + std::string(name(got.failed));
        if (got.token.empty()) break;
        token = theirs->step(got.token);
        if (token.empty()) break;
    }
    must(got.state == leg_state::done, "the host is not done");
    const auto sealer = ours.negotiate->take_sealer();
    if (!sealer) return ours.kerberos->replayed() ? "replayed" : "no sealer";
    theirs->exchange(*sealer);
    const winrm::gss::kerberos_facts& facts = ours.kerberos->facts();
    if (value(given, "bend") == "replay") {
        host again(how);
        must(again.negotiate->step(first).state == leg_state::done, "refused before it could be known");
        must(again.negotiate->take_sealer() == nullptr && again.kerberos->replayed(), "taken twice");
        return "replayed";
    }
    if (value(given, "bend") == "all") {
        bend_all(how, first);
        return "refused";
    }
    if (given.contains("cache")) {
        std::ofstream(given.at("cache"), std::ios::binary) << facts.delegated.reveal();
    }
    return "sealed " + facts.principal + " account=" + winrm::gss::local_name(facts.principal) +
           " service=" + facts.service + (facts.bound ? " bound" : "") + (facts.delegated.empty() ? "" : " delegated");
}

} // namespace

int main(int argc, char** argv)
{
    try {
        options given;
        for (int i = 1; i < argc; ++i) {
            const std::string text = argv[i];
            given[text.substr(0, text.find('='))] = text.substr(text.find('=') + 1);
        }
        std::cout << log_in(given) << '\n';
    } catch (const std::exception& e) {
        std::cerr << "acceptor_peer: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
