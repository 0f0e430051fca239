#include "auth/challenge.h"

#include <gtest/gtest.h>

namespace winrm::auth {
namespace {

using list = std::vector<std::string>;

TEST(offered_schemes, are_read_from_one_line_or_many)
{
    struct row
    {
        list fields, schemes;
    };
    const row rows[] = {
        {{}, {}},
        {{""}, {}},
        {{"Negotiate"}, {"Negotiate"}},
        {{"Negotiate", "Kerberos", "CredSSP", "Basic realm=\"WSMAN\""}, {"Negotiate", "Kerberos", "CredSSP", "Basic"}},
        {{"Negotiate, Basic realm=\"WSMAN\", Kerberos"}, {"Negotiate", "Basic", "Kerberos"}},
        {{"negotiate, NEGOTIATE", "Negotiate"}, {"Negotiate"}},
        {{"ntlm", "credssp", "KERBEROS"}, {"NTLM", "CredSSP", "Kerberos"}},
        {{"Negotiate YIIabc=="}, {"Negotiate"}},
        {{"Digest realm=\"a, b\", nonce=\"Basic\", qop = \"auth\", Basic realm=x"}, {"Digest", "Basic"}},
        {{"Digest realm=\"quote \\\", Kerberos\", NTLM"}, {"Digest", "NTLM"}},
        {{"Basic realm=\"never closed, Kerberos"}, {"Basic"}},
        {{"Basic realm=\"ends in \\"}, {"Basic"}},
        {{", ,Basic,, "}, {"Basic"}},
        {{"Other-Scheme token68=="}, {"Other-Scheme"}},
        {{"\x1b[2J, <b>, Basic"}, {"Basic"}},
        {{std::string(65, 'x')}, {}},
    };
    for (const row& r : rows) EXPECT_EQ(offered_schemes(r.fields), r.schemes) << (r.fields.empty() ? "" : r.fields[0]);
}

TEST(offered_schemes, are_bounded)
{
    list many;
    for (int i = 0; i < 1000; ++i) many.push_back("S" + std::to_string(i));
    EXPECT_EQ(offered_schemes(many).size(), 16u);
}

TEST(find_challenge, tells_offers_tokens_and_nonsense_apart)
{
    using kind = challenge::kind;
    struct row
    {
        list fields;
        kind what;
        std::string token;
    };
    const row rows[] = {
        {{}, kind::absent, ""},
        {{"Basic realm=\"WSMAN\""}, kind::absent, ""},
        {{"Negotiate"}, kind::bare, ""},
        {{"negotiate"}, kind::bare, ""},
        {{"Negotiate, Basic realm=\"x\""}, kind::bare, ""},
        {{"Negotiate realm=\"YWJj\""}, kind::bare, ""},
        {{"Negotiate realm=YWJj"}, kind::bare, ""},
        {{"Basic realm=\"Negotiate YWJj\""}, kind::absent, ""},
        {{"Negotiate YWJj"}, kind::token, "abc"},
        {{"NEGOTIATE  YWI="}, kind::token, "ab"},
        {{"Negotiate YQ=="}, kind::token, "a"},
        {{"Basic realm=\"a, b\", Negotiate YWJj, NTLM"}, kind::token, "abc"},
        {{"Negotiate", "Negotiate YWJj"}, kind::token, "abc"},
        {{"Negotiate YWJj", "Negotiate ZGVm"}, kind::token, "abc"},
        {{"NTLM YWJj", "Negotiate"}, kind::bare, ""},
        {{"Negotiate2 YWJj"}, kind::absent, ""},
        {{"Negotiate ???"}, kind::malformed, ""},
        {{"Negotiate YWJ"}, kind::malformed, ""},
        {{"Negotiate YWJj ZGVm"}, kind::malformed, ""},
        {{"Negotiate ===="}, kind::absent, ""},
    };
    for (const row& r : rows) {
        const challenge got = find_challenge(r.fields, "Negotiate");
        EXPECT_EQ(got.what, r.what) << (r.fields.empty() ? "" : r.fields[0]);
        EXPECT_EQ(got.token, r.token) << (r.fields.empty() ? "" : r.fields[0]);
    }
}

} // namespace
} // namespace winrm::auth
