// Sealed bodies under the keys of a login, both ends (MS-WSMV 2.2.9.1): whatever is not the peer's next message is
// refused, and nothing after it opens.
#include "http/sealing.h"

#include "auth/login/sealing.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace winrm::http {
namespace {

constexpr std::size_t limit = 512'000;
const std::string soap = "application/soap+xml;charset=UTF-8";

enum class keys { ntlm, aes, arcfour };
constexpr keys all_keys[] = {keys::ntlm, keys::aes, keys::arcfour};

std::unique_ptr<auth::message_sealer> make_keys(keys kind, bool client)
{
    const auth::random_source random = [](std::span<unsigned char> out) {
        std::fill(out.begin(), out.end(), static_cast<unsigned char>(7));
    };
    if (kind == keys::ntlm) {
        auth::ntlm::session_keys values;
        values.session_key = auth::ntlm::secret_128("0123456789abcdef");
        values.agreed = auth::ntlm::protection::sealing;
        values.key_exchange = true;
        return auth::make_sealer(auth::pack(values, client ? auth::ntlm::role::client : auth::ntlm::role::server),
                                 random);
    }
    auth::krb5::context_values values;
    values.protocol = kind == keys::arcfour ? 0 : 1;
    values.enctype = kind == keys::arcfour ? 23 : 18;
    values.key = base::secret(std::string(kind == keys::arcfour ? 16 : 32, 'k'));
    values.acceptor_subkey = kind == keys::aes;
    values.own = client ? auth::krb5::role::initiator : auth::krb5::role::acceptor;
    return auth::make_sealer(auth::pack(values), random);
}

struct ends
{
    explicit ends(keys kind)
        : client(make_keys(kind, true), sealed_protocol::spnego, limit),
          service(make_keys(kind, false), sealed_protocol::spnego, limit)
    {}
    auth::message sealed(const std::string& body)
    {
        auth::message m{body, soap};
        EXPECT_TRUE(client.seal(m));
        return m;
    }
    sealing client, service;
};

TEST(sealed_order, what_one_end_seals_the_other_opens_in_order)
{
    for (const keys kind : all_keys) {
        ends e(kind);
        EXPECT_TRUE(e.client.seals());
        for (const std::size_t size :
             {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16}, std::size_t{153'600}}) {
            for (const bool up : {true, false}) {
                const std::string body(size, 'x');
                auth::message m{body, "application/soap+xml;charset=UTF-16"};
                ASSERT_TRUE((up ? e.client : e.service).seal(m));
                EXPECT_EQ(m.type, sealed_content_type(sealed_protocol::spnego));
                EXPECT_EQ(m.body.find("xxxxxxxx"), std::string::npos);
                ASSERT_TRUE((up ? e.service : e.client).unseal(m));
                EXPECT_EQ(m.body, body);
                EXPECT_EQ(m.type, "application/soap+xml;charset=UTF-16");
            }
        }
    }
}

TEST(sealed_order, C3_a_clear_body_is_refused)
{
    for (const keys kind : all_keys) {
        ends e(kind);
        auth::message clear{"<a/>", soap};
        EXPECT_FALSE(e.service.unseal(clear));
        auth::message dressed{"<a/>", sealed_content_type(sealed_protocol::spnego)};
        EXPECT_FALSE(e.service.unseal(dressed));
        auth::message none{"", ""};
        EXPECT_FALSE(e.service.unseal(none));
    }
}

TEST(sealed_order, S18_a_message_out_of_order_again_or_come_back_is_refused)
{
    for (const keys kind : all_keys) {
        for (const int what : {0, 1, 2}) {
            ends e(kind);
            const auth::message first = e.sealed("<1/>"), second = e.sealed("<2/>");
            auth::message m = what == 0 ? second : first;
            if (what == 0) {
                EXPECT_FALSE(e.service.unseal(m)) << "a gap";
            } else if (what == 1) {
                ASSERT_TRUE(e.service.unseal(m));
                m = first;
                EXPECT_FALSE(e.service.unseal(m)) << "a replay";
            } else {
                EXPECT_FALSE(e.client.unseal(m)) << "our own";
            }
            auth::message after = second;
            EXPECT_FALSE((what == 2 ? e.client : e.service).unseal(after)) << "nothing opens any more";
        }
    }
}

TEST(sealed_order, a_length_that_is_not_what_comes_out_is_refused)
{
    for (const keys kind : all_keys) {
        for (const char* length : {"4", "7", "0", "18446744073709551615", "512001", "-5", ""}) {
            ends e(kind);
            auth::message m = e.sealed("<12/>");
            const auto at = m.body.find("Length=") + 7;
            m.body.replace(at, m.body.find('\r', at) - at, length);
            EXPECT_FALSE(e.service.unseal(m)) << length;
        }
    }
}

/// The four bytes before say where the header ends, which changes nothing: header and data are one token.
TEST(sealed_order, no_byte_of_a_sealed_message_can_be_changed)
{
    for (const keys kind : all_keys) {
        ends e(kind);
        const auth::message good = e.sealed("<12345678/>");
        const auto begin = good.body.find("octet-stream\r\n") + 14 + 4, end = good.body.rfind("--Encrypted");
        for (auto at = begin; at < end; ++at) {
            ends other(kind);
            auth::message m = other.sealed("<12345678/>");
            m.body[at] = static_cast<char>(m.body[at] ^ 1);
            EXPECT_FALSE(other.service.unseal(m)) << at - begin;
        }
        for (std::size_t size = 0; size < good.body.size() - 4; ++size) {
            ends other(kind);
            auth::message m = other.sealed("<12345678/>");
            m.body.resize(size);
            EXPECT_FALSE(other.service.unseal(m)) << size;
        }
    }
}

TEST(sealed_order, another_protocol_is_not_opened_unless_its_name_is_known)
{
    ends e(keys::ntlm);
    auth::message m = e.sealed("<a/>");
    m.type =
        "multipart/encrypted;protocol=\"application/HTTP-Other-session-encrypted\";boundary=\"Encrypted Boundary\"";
    EXPECT_FALSE(e.service.unseal(m));
}

} // namespace
} // namespace winrm::http
