#include "cli/prospects.h"

#include <gtest/gtest.h>

using namespace winrm::cli;

namespace {

/// The only scheme's verdict.
scheme_prospect one(const std::string& scheme, const login_means& with)
{
    const auto all = judge({scheme}, with);
    EXPECT_EQ(all.size(), 1U);
    EXPECT_EQ(all.front().scheme, scheme);
    return all.front();
}

} // namespace

TEST(Prospects, TicketsAndTheirUsers)
{
    const struct
    {
        const char *principal, *user;
        bool fits;
    } rows[] = {
        {"ada@CORP.EXAMPLE", "", true},
        {"ada@CORP.EXAMPLE", "ada", true},
        {"ada@CORP.EXAMPLE", "ada@CORP.EXAMPLE", true},
        {"ada@CORP.EXAMPLE", "ada@corp.example", true},
        {"ada@CORP.EXAMPLE", "CORP\\ada", true},
        {"ada@CORP.EXAMPLE", "corp.example\\ada", true},
        {"ada@CORP.EXAMPLE", "bob", false},
        {"ada@CORP.EXAMPLE", "ada@OTHER.EXAMPLE", false},
        {"ada@CORP.EXAMPLE", "WEB1\\ada", false}, // an account of the host itself
        {"ada@CORP.EXAMPLE", ".\\ada", false},
        {"ada@CORP.EXAMPLE", "EXAMPLE\\ada", false},
        {"ada/admin@CORP.EXAMPLE", "ada", false},
        {"ada/admin@CORP.EXAMPLE", "ada/admin", true},
    };
    for (const auto& r : rows) EXPECT_EQ(ticket_fits(r.principal, r.user), r.fits) << r.principal << " " << r.user;
}

TEST(Prospects, NoTicketAndNoUser)
{
    for (const auto& p : judge({"Negotiate", "Kerberos", "NTLM", "Basic"}, {})) {
        EXPECT_EQ(p.works, prospect::no) << p.scheme;
        EXPECT_NE(p.why.find("-u USER"), std::string::npos) << p.scheme << ": " << p.why;
    }
    EXPECT_NE(one("Negotiate", {}).why.find("kinit"), std::string::npos);
}

TEST(Prospects, TheTicketIsUsed)
{
    login_means with;
    with.ticket = "ada@CORP.EXAMPLE";
    EXPECT_EQ(one("Negotiate", with).works, prospect::yes);
    EXPECT_EQ(one("negotiate", with).why, "by Kerberos alone, with the ticket of ada@CORP.EXAMPLE");
    EXPECT_EQ(one("Kerberos", with).works, prospect::yes);
    EXPECT_EQ(one("Basic", with).works, prospect::no);
    with.user = "ada";
    with.realm = false; // of the user, and no default one: the ticket has its own
    EXPECT_EQ(one("Kerberos", with).works, prospect::yes);
    with.ticket.clear();
    EXPECT_NE(one("Kerberos", with).why.find("no realm"), std::string::npos);
    EXPECT_EQ(one("Negotiate", with).why, "by NTLM alone, asks for the password of ada");
    with.ticket = "ada@CORP.EXAMPLE";
    with.realm = true;
    with.by_address = true;
    EXPECT_EQ(one("Negotiate", with).why, "by Kerberos, with the ticket of ada@CORP.EXAMPLE");
    with.user = "bob";
    EXPECT_EQ(one("Negotiate", with).why, "by NTLM alone, asks for the password of bob");
    with.by_address = false;
    EXPECT_EQ(one("Negotiate", with).why, "by Kerberos, else by NTLM, asks for the password of bob");
    with.user = "CORP\\bob";
    with.password = true;
    EXPECT_EQ(one("Negotiate", with).why, "by NTLM alone, with the password of CORP\\bob");
    with.user = "bob";
    with.password = false;
    EXPECT_EQ(one("Kerberos", with).works, prospect::asks_password);
    EXPECT_EQ(one("Kerberos", with).why, "asks for the password of bob");
    with.keytab = true;
    EXPECT_EQ(one("Kerberos", with).works, prospect::yes);
}

TEST(Prospects, PlainHttp)
{
    login_means with;
    with.user = "ada";
    with.password = true;
    with.tls = false;
    EXPECT_EQ(one("NTLM", with).works, prospect::no);
    EXPECT_NE(one("NTLM", with).why.find("trusted_for_ntlm"), std::string::npos);
    EXPECT_EQ(one("Basic", with).works, prospect::no);
    EXPECT_NE(one("Basic", with).why.find("HTTPS"), std::string::npos);
    EXPECT_EQ(one("Negotiate", with).works, prospect::yes); // Kerberos proves the host
    with.ntlm_trust = "web*";
    with.allow_unencrypted = true;
    EXPECT_EQ(one("NTLM", with).works, prospect::yes);
    EXPECT_EQ(one("Basic", with).works, prospect::yes);
    EXPECT_NE(one("Basic", with).why.find("--auth basic"), std::string::npos);
}

TEST(Prospects, SchemesOfOthers)
{
    for (const char* scheme :
         {"CredSSP", "Digest", "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"}) {
        login_means with;
        with.user = "ada";
        with.password = true;
        EXPECT_EQ(one(scheme, with).works, prospect::no);
        EXPECT_NE(one(scheme, with).why.find("not have this scheme"), std::string::npos);
    }
}
