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

} // namespace
} // namespace winrm::auth
