#include "auth/spnego/tokens.h"

#include "auth/spnego/der.h"
#include "support/vector_file.h"

#include <gtest/gtest.h>

namespace winrm::auth::spnego {
namespace {

neg_token_init sample_init()
{
    neg_token_init out;
    out.mech_list = make_mech_list({oid::krb5_microsoft, oid::krb5, oid::negoex, oid::ntlm});
    out.token = "token";
    return out;
}

TEST(spnego_tokens, there_and_back)
{
    const auto init = parse_init(write(sample_init()));
    ASSERT_TRUE(init);
    ASSERT_EQ(init->mechanisms.size(), 4U);
    EXPECT_EQ(kind_of(init->mechanisms[0]), mechanism_kind::kerberos);
    EXPECT_EQ(kind_of(init->mechanisms[1]), mechanism_kind::kerberos);
    EXPECT_EQ(kind_of(init->mechanisms[2]), std::nullopt);
    EXPECT_EQ(kind_of(init->mechanisms[3]), mechanism_kind::ntlm);
    EXPECT_EQ(init->mech_list, sample_init().mech_list);
    EXPECT_EQ(init->token, "token");
    EXPECT_FALSE(init->mic);

    neg_token_resp resp;
    resp.state = neg_state::request_mic;
    resp.mechanism = oid::ntlm;
    resp.token = std::string(300, 't');
    resp.mic = "mic";
    const auto got = parse_resp(write(resp));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->state, resp.state);
    EXPECT_EQ(got->mechanism, resp.mechanism);
    EXPECT_EQ(got->token, resp.token);
    EXPECT_EQ(got->mic, resp.mic);

    const auto empty = parse_resp(write(neg_token_resp{}));
    ASSERT_TRUE(empty);
    EXPECT_FALSE(empty->state || empty->token || empty->mic);
}

// auth.md 2: very old peers repeat the token where the MIC belongs.
TEST(spnego_tokens, repeated_token_is_no_mic)
{
    neg_token_resp resp;
    resp.token = "same";
    resp.mic = "same";
    EXPECT_FALSE(parse_resp(write(resp))->mic);
}

// MS-SPNG 2.2.1: hints stand where RFC 4178 has the MIC.
TEST(spnego_tokens, hints_and_flags_are_ignored)
{
    const std::string hints = der(0x30, der(0xa0, der(0x1b, "not_defined_in_RFC4178@please_ignore")));
    const std::string fields = der(0xa0, make_mech_list({oid::ntlm})) +
                               der(0xa1, der(0x03, std::string("\x01\x02", 2))) + der(0xa3, hints) +
                               der(0xa4, der(0x04, "mic")) + der(0xa5, "later");
    const auto init = parse_init(der(0x60, der(0x06, oid::spnego) + der(0xa0, der(0x30, fields))));
    ASSERT_TRUE(init);
    EXPECT_EQ(init->mic, "mic");
    EXPECT_FALSE(init->token);
}

TEST(spnego_tokens, cut_anywhere_or_longer)
{
    neg_token_resp resp;
    resp.state = neg_state::accept_completed;
    resp.mechanism = oid::krb5;
    resp.token = "t";
    resp.mic = "m";
    for (const std::string& whole : {write(sample_init()), write(resp)}) {
        for (std::size_t size = 0; size < whole.size(); ++size) {
            const std::string_view cut = std::string_view(whole).substr(0, size);
            EXPECT_FALSE(parse_init(cut) || parse_resp(cut)) << size;
        }
        EXPECT_FALSE(parse_init(whole + "x") || parse_resp(whole + "x"));
        for (std::size_t at = 0; at < whole.size(); ++at) { // any byte to any value: no crash, nothing beyond
            for (const int value : {0, 1, 0x7f, 0x80, 0x84, 0xff}) {
                std::string changed = whole;
                changed[at] = static_cast<char>(value);
                static_cast<void>(parse_init(changed));
                static_cast<void>(parse_resp(changed));
                static_cast<void>(classify(changed));
            }
        }
    }
}

TEST(spnego_tokens, malformed)
{
    const auto init = [](std::string_view fields) {
        return parse_init(der(0x60, der(0x06, oid::spnego) + der(0xa0, der(0x30, fields)))).has_value();
    };
    const auto resp = [](std::string_view fields) { return parse_resp(der(0xa1, der(0x30, fields))).has_value(); };
    const std::string list = der(0xa0, make_mech_list({oid::ntlm}));
    EXPECT_TRUE(init(list));
    EXPECT_FALSE(init("")) << "no mechanisms";
    EXPECT_FALSE(init(der(0xa0, make_mech_list({}))));
    EXPECT_FALSE(init(der(0xa0, make_mech_list({""}))));
    EXPECT_FALSE(init(der(0xa0, make_mech_list(std::vector<base::bytes_view>(max_mechanisms + 1, oid::ntlm)))));
    EXPECT_FALSE(init(der(0xa2, der(0x04, "t")) + list)) << "order";
    EXPECT_FALSE(init(list + list)) << "twice";
    EXPECT_FALSE(init(list + der(0xa2, der(0x0c, "t")))) << "type";
    EXPECT_FALSE(init(list + der(0xa2, der(0x04, "t") + der(0x04, "t")))) << "two in one";
    EXPECT_FALSE(init(list + der(0x04, "t"))) << "no context tag";
    EXPECT_TRUE(resp(der(0xa0, der(0x0a, std::string(1, '\x03')))));
    EXPECT_FALSE(resp(der(0xa0, der(0x0a, std::string(1, '\x04')))));
    EXPECT_FALSE(resp(der(0xa0, der(0x0a, std::string(2, '\0')))));
    EXPECT_FALSE(resp(der(0xa0, der(0x0a, ""))));
    EXPECT_FALSE(resp(der(0xa1, der(0x06, ""))));
    EXPECT_FALSE(parse_init(der(0x60, der(0x06, oid::krb5) + der(0xa0, der(0x30, list)))));
    EXPECT_FALSE(parse_init(der(0xa0, der(0x30, list)))) << "no frame";
    EXPECT_FALSE(parse_resp(der(0x60, der(0x06, oid::spnego) + der(0xa1, der(0x30, "")))));
}

TEST(spnego_tokens, first_tokens)
{
    using namespace std::string_view_literals;
    EXPECT_EQ(classify(write(sample_init())), first_token::negotiate);
    EXPECT_EQ(classify("NTLMSSP\0\x01\0\0\0"sv), first_token::raw_ntlm);
    EXPECT_EQ(classify("NTLMSSP"), first_token::unknown);
    EXPECT_EQ(classify("NEGOEXTS\0\0\0\0"sv), first_token::unknown);
    EXPECT_EQ(classify(der(0x60, der(0x06, oid::krb5) + "\x01\0 ap-req")), first_token::raw_kerberos);
    EXPECT_EQ(classify(der(0x60, der(0x06, oid::krb5_microsoft) + "\x01\0 ap-req")), first_token::raw_kerberos);
    EXPECT_EQ(classify(der(0x60, der(0x06, oid::negoex))), first_token::unknown);
    EXPECT_EQ(classify(write(neg_token_resp{})), first_token::unknown);
    EXPECT_EQ(classify(""), first_token::unknown);
}

TEST(recorded_spnego, tokens)
{
    const std::string folder = SHARED_VECTORS "/auth/";
    const auto init_file = test::read_vector(folder + "spnego/initial_context_token_neg_token_init.json");
    const auto resp_file = test::read_vector(folder + "spnego/neg_token_resp.json");
    const auto krb5_file = test::read_vector(folder + "kerberos/initial_context_token_krb_ap_req.json");
    const auto ntlm_file = test::read_vector(folder + "ntlm/ntlm_negotiate.json");
    if (!init_file || !resp_file || !krb5_file || !ntlm_file) GTEST_SKIP() << test::no_vectors;

    const std::string init_bytes = test::unhex(test::field(*init_file, "hex"));
    const auto init = parse_init(init_bytes);
    ASSERT_TRUE(init);
    ASSERT_EQ(init->mechanisms.size(), 2U);
    EXPECT_EQ(init->mechanisms[0], oid::krb5);
    EXPECT_EQ(init->mechanisms[1], oid::ntlm);
    ASSERT_TRUE(init->token);
    EXPECT_EQ(classify(test::unhex(test::field(*krb5_file, "hex"))), first_token::raw_kerberos);
    EXPECT_EQ(write(*init), init_bytes) << "ours are the same bytes";
    EXPECT_EQ(classify(*init->token), first_token::raw_kerberos);

    const std::string resp_bytes = test::unhex(test::field(*resp_file, "hex"));
    const auto resp = parse_resp(resp_bytes);
    ASSERT_TRUE(resp);
    EXPECT_EQ(resp->state, neg_state::accept_completed);
    EXPECT_EQ(resp->mechanism, oid::krb5);
    EXPECT_FALSE(resp->mic);
    EXPECT_EQ(write(*resp), resp_bytes);
    EXPECT_EQ(classify(test::unhex(test::field(*ntlm_file, "hex"))), first_token::raw_ntlm);
}

} // namespace
} // namespace winrm::auth::spnego
