#include "gss/kerberos_initiator.h"

#include "gss/library.h"
#include "gss/reason.h"

#include <gssapi/gssapi.h>
#include <gtest/gtest.h>
#include <krb5.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace winrm::gss {
namespace {

using auth::login_failure;

bool library_is_open()
{
    std::ifstream maps("/proc/self/maps");
    return std::string(std::istreambuf_iterator<char>(maps), {}).find("libgssapi_krb5") != std::string::npos;
}

// The whole conversation is tried with a KDC in test/peers/test_kerberos.py.
TEST(kerberos_initiator, library_is_opened_by_the_first_step_alone)
{
    ::setenv("KRB5CCNAME", "FILE:/nonexistent/cache", 1);
    ::setenv("KRB5_CONFIG", "/dev/null", 1);
    kerberos_login login;
    login.service = "HTTP/web1.corp@CORP.EXAMPLE";
    kerberos_initiator one(std::move(login), [](std::span<unsigned char>) {});
    EXPECT_FALSE(one.take_sealer() || one.verify_mechlist("list", "code"));
    EXPECT_TRUE(one.sign_mechlist("list").empty());
    EXPECT_FALSE(library_is_open());
    const auth::leg got = one.step({});
    EXPECT_EQ(got.state, auth::leg_state::failed);
    if (!library_is_open()) {
        EXPECT_EQ(got.failed, login_failure::not_available);
        return;
    }
    EXPECT_EQ(got.failed, login_failure::no_ticket);
    EXPECT_NE(got.words, "");
    EXPECT_EQ(one.step("late").failed, login_failure::bad_token);
    EXPECT_FALSE(one.take_sealer());
}

TEST(kerberos_initiator, a_password_that_the_kdc_refused_is_not_sent_again)
{
    ::setenv("KRB5_CONFIG", "/dev/null", 1); // no KDC would be found
    if (open_library() == nullptr) GTEST_SKIP() << "SKIPPED: no Kerberos library";
    const auto verdicts = std::make_shared<password_verdicts>();
    const auto tried = [&](const char* user, const char* password) {
        kerberos_login login;
        login.service = "HTTP/web1.corp@CORP.EXAMPLE";
        login.user = user;
        login.password = base::secret(std::string(password));
        login.verdicts = verdicts;
        kerberos_initiator one(std::move(login), [](std::span<unsigned char>) {});
        return one.step({});
    };
    EXPECT_NE(tried("ada@CORP.EXAMPLE", "wrong").failed, login_failure::wrong_password);
    verdicts->of("ada@CORP.EXAMPLE", "wrong")->is(password_verdicts::verdict::wrong);
    for (const char* user : {"ada@CORP.EXAMPLE", "ada@corp.example"}) {
        const auth::leg got = tried(user, "wrong");
        EXPECT_EQ(got.failed, login_failure::wrong_password) << user;
        EXPECT_NE(got.more.find("not sent again"), std::string::npos) << got.more;
    }
    EXPECT_NE(tried("ada@CORP.EXAMPLE", "other").failed, login_failure::wrong_password);
    EXPECT_NE(tried("bob@CORP.EXAMPLE", "wrong").failed, login_failure::wrong_password);
}

TEST(reason_of, the_library_s_numbers)
{
    struct row
    {
        stage at;
        krb5_error_code code;
        login_failure expected;
    };
    for (const row& r : {row{stage::ticket, KRB5KDC_ERR_PREAUTH_FAILED, login_failure::wrong_password},
                         row{stage::ticket, KRB5KRB_AP_ERR_BAD_INTEGRITY, login_failure::wrong_password},
                         row{stage::answer, KRB5KRB_AP_ERR_BAD_INTEGRITY, login_failure::ticket_refused},
                         row{stage::answer, KRB5KRB_AP_ERR_MODIFIED, login_failure::ticket_refused},
                         row{stage::answer, KRB5KRB_AP_ERR_NOT_US, login_failure::wrong_service},
                         row{stage::ticket, KRB5KDC_ERR_NAME_EXP, login_failure::locked},
                         row{stage::ticket, KRB5KDC_ERR_KEY_EXP, login_failure::expired},
                         row{stage::ticket, KRB5_CONFIG_NODEFREALM, login_failure::no_realm},
                         row{stage::ticket, KRB5KRB_AP_ERR_SKEW, login_failure::clock_skew},
                         row{stage::answer, KRB5KRB_AP_ERR_SKEW, login_failure::clock_skew},
                         row{stage::ticket, KRB5_REALM_CANT_RESOLVE, login_failure::no_kdc},
                         row{stage::ticket, KRB5KRB_AP_ERR_TKT_EXPIRED, login_failure::no_ticket},
                         row{stage::answer, KRB5_MUTUAL_FAILED, login_failure::not_proven},
                         row{stage::accept, KRB5KRB_AP_ERR_NOT_US, login_failure::wrong_service},
                         row{stage::accept, KRB5KRB_AP_WRONG_PRINC, login_failure::wrong_service},
                         row{stage::accept, KRB5KRB_AP_ERR_BADKEYVER, login_failure::ticket_refused},
                         row{stage::accept, KRB5KRB_AP_ERR_TKT_EXPIRED, login_failure::ticket_refused},
                         row{stage::accept, KRB5KRB_AP_ERR_SKEW, login_failure::clock_skew}}) {
        EXPECT_EQ(reason_of(r.at, GSS_S_FAILURE, static_cast<std::uint32_t>(r.code)), r.expected) << r.code;
    }
    EXPECT_EQ(reason_of(stage::ticket, GSS_S_NO_CRED, 0), login_failure::no_ticket);
    EXPECT_EQ(reason_of(stage::ticket, GSS_S_CREDENTIALS_EXPIRED, 0), login_failure::no_ticket);
    EXPECT_EQ(reason_of(stage::answer, GSS_S_DEFECTIVE_TOKEN, 0), login_failure::bad_token);
    EXPECT_EQ(reason_of(stage::answer, GSS_S_FAILURE, 1), login_failure::other);
}

} // namespace
} // namespace winrm::gss
