// MIT's Kerberos as the other end of our sealing. krb5_seal_peer check|record|bench ENCTYPE: with the configuration,
// the keytabs and the service name of the environment (KRB5_CONFIG, PEER_CLIENT_KEYTAB, PEER_KEYTAB, PEER_SERVICE);
// test_krb5_seal.py has a throw-away KDC. `record` writes rows of test/vectors/krb5/sealed.txt, `bench` MB/s: our
// sealing, MIT's, our opening, MIT's (bench/seal.py).
#include "auth/krb5/seal.h"

#include "peers/gss_peer.h"
#include "support/vector_file.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace winrm::auth;

constexpr std::size_t sizes[] = {1, 15, 16, 17, 42, 1000, 100'000};

using peer::buffer;
using peer::must;

/// A finished handshake: both contexts of it.
struct contexts
{
    contexts(int enctype, bool mutual)
        : initiator(true, peer::krb5_mechanism(), flags(mutual)), acceptor(false, peer::krb5_mechanism(), 0)
    {
        OM_uint32 minor = 0;
        krb5_enctype wanted = enctype;
        must(gss_krb5_set_allowable_enctypes(&minor, initiator.own.value, 1, &wanted), minor, "set_allowable_enctypes");
        const std::string answer = acceptor.step(initiator.step({}));
        if (mutual) must(initiator.step(answer).empty(), "a third token");
        must(initiator.done && acceptor.done, "the handshake is not done");
    }
    static OM_uint32 flags(bool mutual)
    {
        return mutual ? peer::usual_flags : peer::usual_flags & ~OM_uint32{GSS_C_MUTUAL_FLAG};
    }

    peer::context initiator, acceptor;
};

struct lucid
{
    krb5::context_values values;
    std::string key;
};

/// The context is gone afterwards.
lucid export_values(gss_ctx_id_t& context)
{
    OM_uint32 minor = 0;
    void* exported = nullptr;
    must(gss_krb5_export_lucid_sec_context(&minor, &context, 1, &exported), minor, "export");
    const auto* got = static_cast<const gss_krb5_lucid_context_v1_t*>(exported);
    const auto& k = got->protocol == 0                 ? got->rfc1964_kd.ctx_key
                    : got->cfx_kd.have_acceptor_subkey ? got->cfx_kd.acceptor_subkey
                                                       : got->cfx_kd.ctx_key;
    lucid out;
    out.key.assign(static_cast<const char*>(k.data), k.length);
    out.values.protocol = static_cast<int>(got->protocol);
    out.values.enctype = static_cast<std::int32_t>(k.type);
    out.values.key = winrm::base::secret(std::string(out.key));
    out.values.acceptor_subkey = got->protocol == 1 && got->cfx_kd.have_acceptor_subkey != 0;
    out.values.own = got->initiate != 0 ? krb5::role::initiator : krb5::role::acceptor;
    out.values.send_sequence = got->send_seq;
    out.values.receive_sequence = got->recv_seq;
    gss_krb5_free_lucid_sec_context(&minor, exported);
    return out;
}

void random_bytes(std::span<unsigned char> out)
{
    static std::random_device device;
    for (unsigned char& c : out) c = static_cast<unsigned char>(device());
}

std::string seal(message_sealer& by, std::string_view clear)
{
    const seal_room room = by.room(clear.size());
    std::string token = std::string(room.header, '\0') + std::string(clear) + std::string(room.pad, '\0');
    must(by.seal(token), "ours does not seal");
    return token;
}

std::string gss_wrapped(gss_ctx_id_t by, std::string clear)
{
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(clear), out = GSS_C_EMPTY_BUFFER;
    must(gss_wrap(&minor, by, 1, GSS_C_QOP_DEFAULT, &in, nullptr, &out), minor, "gss_wrap");
    return peer::taken(out);
}

/// Header, data, padding: what WinRM's peers send. `at`: the token, laid out for `clear` bytes by our own room().
void gss_wrap_in_place(gss_ctx_id_t by, std::string& at, const seal_room& room)
{
    OM_uint32 minor = 0;
    gss_iov_buffer_desc iov[3] = {
        {GSS_IOV_BUFFER_TYPE_HEADER, {room.header, at.data()}},
        {GSS_IOV_BUFFER_TYPE_DATA, {at.size() - room.header - room.pad, at.data() + room.header}},
        {GSS_IOV_BUFFER_TYPE_PADDING, {room.pad, at.data() + at.size() - room.pad}},
    };
    must(gss_wrap_iov(&minor, by, 1, GSS_C_QOP_DEFAULT, nullptr, iov, 3), minor, "gss_wrap_iov");
    must(iov[0].buffer.length == room.header && iov[2].buffer.length == room.pad, "MIT needs other room than ours");
}

std::string gss_wrapped_iov(gss_ctx_id_t by, std::string_view clear, const seal_room& room)
{
    std::string token = std::string(room.header, '\0') + std::string(clear) + std::string(room.pad, '\0');
    gss_wrap_in_place(by, token, room);
    return token;
}

std::string gss_unwrapped(gss_ctx_id_t by, std::string token)
{
    OM_uint32 minor = 0;
    gss_buffer_desc in = buffer(token), out = GSS_C_EMPTY_BUFFER;
    int sealed = 0;
    const OM_uint32 major = gss_unwrap(&minor, by, &in, &out, &sealed, nullptr);
    must(major, minor, "gss_unwrap of ours");
    must(major == GSS_S_COMPLETE && sealed != 0, "gss_unwrap: out of sequence or not sealed");
    return peer::taken(out);
}

std::string_view gss_unwrap_in_place(gss_ctx_id_t by, std::string& token)
{
    OM_uint32 minor = 0;
    gss_iov_buffer_desc iov[2] = {{GSS_IOV_BUFFER_TYPE_STREAM, {token.size(), token.data()}},
                                  {GSS_IOV_BUFFER_TYPE_DATA, {0, nullptr}}};
    must(gss_unwrap_iov(&minor, by, nullptr, nullptr, iov, 2), minor, "gss_unwrap_iov of ours");
    return {static_cast<const char*>(iov[1].buffer.value), iov[1].buffer.length};
}

std::string opened(message_sealer& by, std::string token)
{
    const unsealed got = by.unseal(token);
    must(got.failed == seal_failure::none, "ours does not open MIT's message: " + std::string(name(got.failed)));
    return {got.clear.data(), got.clear.size()};
}

void check_against(gss_ctx_id_t mit, gss_ctx_id_t& other, int enctype, bool mutual)
{
    const lucid got = export_values(other);
    must(got.values.enctype == enctype, "the context has another enctype: " + std::to_string(got.values.enctype));
    must(got.values.acceptor_subkey == (mutual && enctype != 23), "acceptor subkey is not as expected");
    const auto ours = krb5::make_sealer(got.values, random_bytes);
    must(ours != nullptr, "no sealer for these values");
    for (const std::size_t size : sizes) {
        std::string clear(size, '\0');
        for (std::size_t i = 0; i < size; ++i) clear[i] = static_cast<char>(i * 31 + size);
        must(gss_unwrapped(mit, seal(*ours, clear)) == clear, "gss_unwrap gives another text");
        std::string token = seal(*ours, clear);
        must(gss_unwrap_in_place(mit, token) == clear, "gss_unwrap_iov gives another text");
        must(opened(*ours, gss_wrapped_iov(mit, clear, ours->room(size))) == clear, "of gss_wrap_iov: another text");
        must(opened(*ours, gss_wrapped(mit, clear)) == clear, "of gss_wrap: another text");
    }
}

void check(int enctype)
{
    for (const bool mutual : {true, false}) {
        contexts first(enctype, mutual), second(enctype, mutual);
        check_against(first.initiator.value, first.acceptor.value, enctype, mutual);
        check_against(second.acceptor.value, second.initiator.value, enctype, mutual);
    }
    std::cout << "enctype " << enctype << ": both ways, in place and not\n";
}

/// sender enctype protocol subkey key sequence clear token
void record_from(gss_ctx_id_t mit, gss_ctx_id_t& other)
{
    const lucid got = export_values(other);
    const auto ours = krb5::make_sealer(got.values, random_bytes);
    std::uint64_t sequence = got.values.receive_sequence;
    const char* sender = got.values.own == krb5::role::initiator ? "acceptor" : "initiator";
    for (const std::string clear : {"x", "sixteen bytes..!", "a message that is some bytes longer"}) {
        for (const std::string& token :
             {gss_wrapped_iov(mit, clear, ours->room(clear.size())), gss_wrapped(mit, clear)})
            std::cout << sender << ' ' << got.values.enctype << ' ' << got.values.protocol << ' '
                      << got.values.acceptor_subkey << ' ' << test::hex(got.key) << ' ' << sequence++ << ' '
                      << test::hex(clear) << ' ' << test::hex(token) << '\n';
    }
}

void record(int enctype)
{
    contexts first(enctype, true), second(enctype, false);
    record_from(first.initiator.value, first.acceptor.value);
    contexts third(enctype, true);
    record_from(third.acceptor.value, third.initiator.value);
    record_from(second.initiator.value, second.acceptor.value);
}

/// In place, the same buffer again and again: what is sealed is the sealed text of the turn before.
void bench(int enctype)
{
    constexpr std::size_t size = 500'000;
    contexts both(enctype, true);
    const lucid got = export_values(both.acceptor.value);
    const auto acceptor = krb5::make_sealer(got.values, random_bytes);
    const seal_room room = acceptor->room(size);
    std::string token(room.header + size + room.pad, 'x');
    const double mit_seals = peer::speed(size, [&] { gss_wrap_in_place(both.initiator.value, token, room); });
    const double ours_seals = peer::speed(size, [&] { must(acceptor->seal(token), "seal"); });

    contexts again(enctype, true), third(enctype, true);
    const auto sender = krb5::make_sealer(export_values(again.initiator.value).values, random_bytes);
    const auto receiver = krb5::make_sealer(export_values(third.acceptor.value).values, random_bytes);
    std::vector<std::string> for_mit, for_ours;
    for (int i = 0; i < 105; ++i) {
        for_mit.push_back(seal(*sender, std::string(size, 'x')));
        for_ours.push_back(gss_wrapped_iov(third.initiator.value, std::string(size, 'x'), room));
    }
    std::size_t next = 0;
    const double mit_opens = peer::speed(size, [&] { gss_unwrap_in_place(again.acceptor.value, for_mit[next++]); });
    next = 0;
    const double ours_opens =
        peer::speed(size, [&] { must(receiver->unseal(for_ours[next++]).failed == seal_failure::none, "unseal"); });
    std::printf("%.0f %.0f %.0f %.0f\n", ours_seals, mit_seals, ours_opens, mit_opens);
}

} // namespace

int main(int argc, char** argv)
{
    try {
        must(argc == 3, "usage: krb5_seal_peer check|record|bench ENCTYPE");
        const std::string what = argv[1];
        const int enctype = std::atoi(argv[2]);
        if (what == "check") check(enctype);
        else if (what == "record") record(enctype);
        else if (what == "bench") bench(enctype);
        else must(false, "unknown: " + what);
    } catch (const std::exception& e) {
        std::cerr << "krb5_seal_peer: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
